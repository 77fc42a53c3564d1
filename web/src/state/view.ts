import { effect, signal } from "@preact/signals";

export const TABS = ["chat", "pictures", "videos", "owner"] as const;
export type Tab = (typeof TABS)[number];

/** The key that a link brought in its fragment (`#key=…`), which no server is sent. It leaves the address at once. */
export const brought = new URLSearchParams(location.hash.slice(1)).get("key") ?? "";
if (brought) history.replaceState(null, "", location.pathname + location.search);

/** The tab that is shown: the address names it (`#pictures`). */
export const tab = signal<Tab>(named());
effect(() => {
  if (tab.value !== named()) history.replaceState(null, "", `${location.pathname}${location.search}#${tab.value}`);
});
addEventListener("hashchange", () => {
  tab.value = named();
});

function named(): Tab {
  return TABS.find((name) => location.hash === `#${name}`) ?? "chat";
}

/** The strip for developers is shown over the page, on screens where it does not fit beside it. */
export const sheet = signal(false);
/** The screen is wide enough to show it beside the page. */
export const wide = signal(false);

const query = matchMedia("(min-width: 72rem)");
wide.value = query.matches;
query.addEventListener("change", () => {
  wide.value = query.matches;
});
