import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { kind, version } from "../state/deployment";
import { key } from "../state/key";
import { sheet, tab, wide } from "../state/view";
import { CopyButton } from "../ui/CopyButton";
import { Select } from "../ui/Select";
import { t } from "../words";
import { call, type Language, LANGUAGES, type Wire, WIRES } from "./calls";
import { CLIENTS } from "./clients";
import { BASE, withKey, YOUR_KEY } from "./languages";

const wire = signal<Wire>("Chat Completions");
const language = signal<Language>("curl");
const client = signal("Claude Code");

/** The strip for developers: beside the page where there is room, else over it. */
export function Developer(): JSX.Element | null {
  if (wide.value) return <aside aria-label={t("developer_title")}>{<Strip />}</aside>;
  return sheet.value ? <Sheet /> : null;
}

function Sheet(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      class="sheet"
      ref={dialog}
      aria-label={t("developer_title")}
      onClose={() => {
        sheet.value = false;
      }}
    >
      <button type="button" class="small close" onClick={() => dialog.current?.close()}>
        {t("close")}
      </button>
      <Strip />
    </dialog>
  );
}

function Strip(): JSX.Element {
  return (
    <div class="strip">
      <h2>{t("developer_title")}</h2>
      <Copied label={t("base_url")} text={BASE} name={t("copy_base_url")} />
      <p class="quiet">{t(kind.value === "access-key" ? "key_is_access" : "key_is_token")}</p>
      <SameCall />
      <Clients />
      <p class="quiet">
        <a href="/openapi.json" target="_blank" rel="noopener">
          {t("docs")} (openapi.json)
        </a>
        {version.value && ` · ${t("version", { version: version.value })}`}
      </p>
    </div>
  );
}

function Copied({ label, text, name }: { label: string; text: string; name: string }): JSX.Element {
  return (
    <div class="copied">
      <span>{label}</span>
      <code>{text}</code>
      <CopyButton text={() => text} name={name} />
    </div>
  );
}

function SameCall(): JSX.Element {
  const lines = call(tab.value, wire.value, language.value);
  return (
    <section aria-labelledby="same-call">
      <h3 id="same-call">{t("same_call")}</h3>
      <div class="row">
        {tab.value === "chat" && (
          <Select
            label={t("endpoint")}
            value={wire.value}
            options={WIRES.map((name) => [name, name])}
            choose={(name) => {
              wire.value = name as Wire;
            }}
          />
        )}
        <Select
          label={t("code_language")}
          value={language.value}
          options={LANGUAGES.map((name) => [name, name])}
          choose={(name) => {
            language.value = name as Language;
          }}
        />
      </div>
      <Lines text={lines} label={language.value} />
    </section>
  );
}

function Clients(): JSX.Element {
  const { name, where, fields, lines, shell, hint } = CLIENTS.find((one) => one.name === client.value) ?? CLIENTS[0]!;
  return (
    <section aria-labelledby="clients">
      <h3 id="clients">{t("use_in")}</h3>
      <Select
        label={t("client")}
        value={client.value}
        options={CLIENTS.map((one) => [one.name, one.name])}
        choose={(chosen) => {
          client.value = chosen;
        }}
      />
      {where && <p>{t(where)}</p>}
      {fields?.map(([label, text]) =>
        text === null ? (
          <div class="copied" key={label}>
            <span>{t(label)}</span>
            <em>{t("your_key")}</em>
            {key.value && <CopyButton text={() => key.value} name={t("copy_key")} />}
          </div>
        ) : (
          <Copied key={label} label={t(label)} text={text} name={t("copy_code", { language: t(label) })} />
        ),
      )}
      {lines && <Lines text={lines} label={name} />}
      {shell && <Lines text={shell} label={t("shell")} />}
      <p class="quiet">{t(hint)}</p>
    </section>
  );
}

function Lines({ text, label }: { text: string; label: string }): JSX.Element {
  return (
    <figure class="code">
      <figcaption>
        <span>{label}</span>
        <span>
          {key.value && text.includes(YOUR_KEY) && (
            <CopyButton text={() => withKey(text, key.value)} name={t("copy_with_key_of", { name: label })} label={t("copy_with_key")} />
          )}
          <CopyButton text={() => text} name={t("copy_code", { language: label })} />
        </span>
      </figcaption>
      <pre tabIndex={0} role="group" aria-label={`${t("code")}, ${label}`}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
