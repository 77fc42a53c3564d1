import type { JSX } from "preact";
import { Popover } from "../ui/Popover";
import { Select } from "../ui/Select";
import { Toggle } from "../ui/Toggle";
import { t } from "../words";
import { save } from "./export";
import { chosenModel, EFFORTS, effort, isAgent, keepChat, model, others, recommended, searches, thinks } from "./choices";
import { system, turns } from "./turns";

/** Which model, how it thinks, whether it searches. */
export function Options(): JSX.Element {
  return (
    <>
      <ModelPicker />
      <Toggle on={thinks} label={t("think")} />
      {thinks.value && (
        <select
          class="tool"
          aria-label={t("effort")}
          value={effort.value}
          onChange={(event) => {
            effort.value = event.currentTarget.value;
          }}
        >
          {EFFORTS.map((name) => (
            <option key={name} value={name} selected={name === effort.value}>
              {t(`effort_${name}`)}
            </option>
          ))}
        </select>
      )}
      <Toggle on={searches} label={t("search")} />
      <More />
    </>
  );
}

function ModelPicker(): JSX.Element {
  const choose = (name: string): void => {
    chosenModel.value = name;
  };
  return (
    <Popover label={<span class="model">{model.value}</span>} name={`${t("model")}: ${model.value}`}>
      {(close) => (
        <>
          <fieldset class="models">
            <legend class="hidden">{t("model")}</legend>
            {recommended.value.map(([name, line]) => (
              <label key={name}>
                <input
                  type="radio"
                  name="model"
                  checked={name === model.value}
                  onChange={() => choose(name)}
                  onClick={(event) => {
                    choose(name); // here too: no change is told of an input that is gone
                    if (event.detail) close(); // by the mouse; keys may go on
                  }}
                />
                <span>
                  <b>{name}</b>
                  {line && <small>{t(line)}</small>}
                </span>
              </label>
            ))}
          </fieldset>
          {others.value.length > 0 && (
            <Select
              label={t("other_models")}
              value={others.value.includes(model.value) ? model.value : ""}
              options={[["", "…"], ...others.value.map((name) => [name, name] as const)]}
              choose={(name) => name && choose(name)}
            />
          )}
          <label class="field">
            <span>{t("agent_id")}</span>
            <input
              spellcheck={false}
              maxLength={24}
              pattern="[0-9a-f]{24}"
              value={isAgent(chosenModel.value) ? chosenModel.value : ""}
              onInput={({ currentTarget: { value } }) => isAgent(value.trim()) && choose(value.trim())}
            />
          </label>
        </>
      )}
    </Popover>
  );
}

function More(): JSX.Element {
  const some = turns.value.length > 0;
  return (
    <Popover
      name={t("options")}
      label={
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M4 10h.01M10 10h.01M16 10h.01" />
        </svg>
      }
    >
      {() => (
        <>
          <label class="field">
            <span>{t("system_prompt")}</span>
            <textarea
              rows={3}
              placeholder={t("system_placeholder")}
              value={system.value}
              onInput={(event) => {
                system.value = event.currentTarget.value;
              }}
            />
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={keepChat.value}
              onChange={(event) => {
                keepChat.value = event.currentTarget.checked;
              }}
            />
            {t("keep_chat")}
          </label>
          {some && (
            <div class="row">
              <button type="button" onClick={save}>
                {t("export_chat")}
              </button>
            </div>
          )}
        </>
      )}
    </Popover>
  );
}
