import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { kind } from "../state/deployment";
import * as key from "../state/key";
import { t } from "../words";
import { filled, Link, PLATFORM } from "./filled";

/** The key: a form until it is good, then one line. */
export function KeyBar(): JSX.Element {
  if (kind.value === "misconfigured") return <p role="alert" class="key">{t("misconfigured_banner")}</p>;
  if (key.good.value && !key.changing.value) return <Folded />;
  return <Form />;
}

/** The day's credit: what the account has left, and a way to take it. */
function Claim(): JSX.Element | null {
  const { points, claimed, kind: what } = key.found.value ?? {};
  if (kind.value !== "own-token" || what === "api_key" || points === undefined) return null;
  return (
    <>
      {" · "}
      {t("points", { points })}{" "}
      {claimed === undefined ? (
        <button type="button" class="link" disabled={key.checking.value} onClick={() => void key.check(true)}>
          {t("claim")}
        </button>
      ) : (
        t(claimed ? "claimed" : "claimed_before")
      )}
    </>
  );
}

/** Each of several keys: by its place and last letters, and what is wrong with it. */
function Each(): JSX.Element | null {
  const { accounts = [] } = key.found.value ?? {};
  if (kind.value !== "own-token" || !accounts.length) return null;
  return (
    <ul class="accounts">
      {accounts.map(({ account, live, reason, points }) => (
        <li key={account}>
          {live ? "✓" : live === null ? "?" : "✗"} <code>{account}</code> {reason || t(live ? "works" : "state_dead")}
          {points != null && ` · ${t("points", { points })}`}
        </li>
      ))}
    </ul>
  );
}

function Folded(): JSX.Element {
  const days = key.daysLeft.value;
  useEffect(() => {
    // The form took the focus with it when it was folded.
    if (document.activeElement === document.body) document.querySelector<HTMLElement>(".composer textarea")?.focus();
  }, []);
  return (
    <div class="key folded" role="status">
      <span class={days === null ? "good" : "warns"} title={key.verdict(true)}>
        {days === null ? "✓" : "⚠"} {key.verdict()}
        {days !== null && ` · ${t("key_days_left", { days })}`}
      </span>
      {" · "}
      <button type="button" class="link" aria-label={t("change_key")} onClick={key.ask}>
        {t("change")}
      </button>
      <Claim />
      <Each />
    </div>
  );
}

function Form(): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const isOwn = kind.value === "own-token";
  useEffect(() => {
    if (!key.summons.value) return;
    field.current?.focus();
    key.summons.value = 0;
  }, [key.summons.value]);

  const onSubmit = (event: Event): void => {
    event.preventDefault();
    if (!key.key.value) key.ask();
    void key.check();
  };
  return (
    <form class="key" aria-label={t("key_form")} onSubmit={onSubmit}>
      <div class="row">
        <label class="field grow">
          <span>{t(isOwn ? "key_own" : "key_access")}</span>
          <input
            ref={field}
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={key.pasted.value}
            onInput={(event) => key.enter(event.currentTarget.value)}
            onPaste={() => setTimeout(key.check)}
          />
        </label>
        <button>{t("check")}</button>
        {key.good.value && (
          <button
            type="button"
            onClick={() => {
              key.changing.value = false;
            }}
          >
            {t("cancel")}
          </button>
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={key.keep.value}
            onChange={(event) => {
              key.keep.value = event.currentTarget.checked;
            }}
          />
          {t("keep_key")}
        </label>
      </div>
      <p role="status">{key.checking.value && t("checking")}</p>
      {key.problem.value && <p role="alert">{key.problem.value.wording}</p>}
      {key.problem.value && <Each />}
      <details>
        <summary>{t("key_where")}</summary>
        {isOwn ? <OwnSteps /> : <p>{t("key_where_access")}</p>}
      </details>
    </form>
  );
}

function OwnSteps(): JSX.Element {
  return (
    <ol>
      <li>{filled(t("key_step_login"), <Link to="https://chatglm.cn" />)}</li>
      <li>{t("key_step_tools")}</li>
      <li>{t("key_step_phone")}</li>
      <li>{filled(t("key_step_copy"), <code>chatglm_refresh_token</code>)}</li>
      <li>{filled(t("key_step_platform"), <Link to={PLATFORM} />)}</li>
    </ol>
  );
}
