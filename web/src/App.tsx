import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { basket } from "./chat/ask";
import { Chat } from "./chat/Chat";
import { Developer } from "./developer/Developer";
import { isOwner, Owner } from "./owner/Owner";
import { Pictures } from "./pictures/Pictures";
import { sheet, tab, type Tab, TABS, wide } from "./state/view";
import { filled, Link, PLATFORM } from "./ui/filled";
import { KeyBar } from "./ui/KeyBar";
import { switchLanguage, language, locale, t } from "./words";
import { basket as firstPicture } from "./videos/jobs";
import { Videos } from "./videos/Videos";

const PANELS: Record<Tab, () => JSX.Element> = { chat: Chat, pictures: Pictures, videos: Videos, owner: Owner };

/** A file is held over the page. */
const dragging = signal(false);

export function App(): JSX.Element {
  useEffect(() => {
    document.documentElement.lang = locale();
    document.title = t("title");
  }, [language.value]);
  useEffect(takeFiles, []);
  const Panel = PANELS[tab.value];
  return (
    <>
      <Header />
      <main>
        <div class="top">
          <KeyBar />
          <p class="notice">{filled(t("notice"), <Link to={PLATFORM}>{t("paid_api")}</Link>)}</p>
        </div>
        <section
          id={`${tab.value}-panel`}
          role="tabpanel"
          aria-labelledby={`${tab.value}-tab`}
          class={dragging.value ? "panel dragging" : "panel"}
          data-drop={t("drop_here")}
        >
          <Panel />
        </section>
      </main>
      <Developer />
    </>
  );
}

function Header(): JSX.Element {
  return (
    <header>
      <h1>{t("title")}</h1>
      <Tabs />
      <div class="row">
        {!wide.value && (
          <button
            type="button"
            class="small"
            onClick={() => {
              sheet.value = true;
            }}
          >
            {t("developers")}
          </button>
        )}
        <button type="button" class="small" lang={language.value === "zh" ? "en" : "zh-CN"} onClick={switchLanguage}>
          {t("language")}
        </button>
      </div>
    </header>
  );
}

function Tabs(): JSX.Element {
  const tabs = TABS.filter((name) => name !== "owner" || isOwner.value);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: tabs.length - 1 }[event.key];
    if (!step) return;
    tab.value = tabs[(tabs.indexOf(tab.value) + step) % tabs.length] ?? "chat";
    document.getElementById(`${tab.value}-tab`)?.focus();
  };
  return (
    <div role="tablist" aria-label={t("tasks")} onKeyDown={onKeyDown}>
      {tabs.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`${name}-tab`}
          {...(name === tab.value ? { "aria-controls": `${name}-panel` } : {})}
          aria-selected={name === tab.value}
          tabIndex={name === tab.value ? 0 : -1}
          onClick={() => {
            tab.value = name;
          }}
        >
          {t(name)}
        </button>
      ))}
    </div>
  );
}

/** Files that are dropped or pasted anywhere on the page are attached. */
function takeFiles(): () => void {
  let depth = 0;
  const attach = (event: Event, files: FileList | undefined): void => {
    const into = { chat: basket, videos: firstPicture, pictures: null, owner: null }[tab.value];
    if (!files?.length || !into) return;
    event.preventDefault();
    void into.add([...files]);
  };
  const hasFiles = (event: DragEvent): boolean => Boolean(event.dataTransfer?.types.includes("Files"));
  const over = (event: DragEvent, step: number): void => {
    if (!hasFiles(event) || tab.value === "pictures" || tab.value === "owner") return;
    depth = Math.max(0, depth + step);
    dragging.value = depth > 0;
  };
  const stop = new AbortController();
  const on = <Name extends keyof DocumentEventMap>(name: Name, listener: (event: DocumentEventMap[Name]) => void): void =>
    document.addEventListener(name, listener, { signal: stop.signal });
  on("paste", (event) => attach(event, event.clipboardData?.files));
  on("drop", (event) => {
    depth = 0;
    dragging.value = false;
    if (hasFiles(event)) event.preventDefault();
    attach(event, event.dataTransfer?.files);
  });
  on("dragover", (event) => hasFiles(event) && event.preventDefault());
  on("dragenter", (event) => over(event, 1));
  on("dragleave", (event) => over(event, -1));
  return () => stop.abort();
}
