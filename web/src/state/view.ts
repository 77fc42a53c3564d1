import { signal } from "@preact/signals";

export const TABS = ["chat", "pictures", "videos"] as const;
export type Tab = (typeof TABS)[number];

export const tab = signal<Tab>("chat");
/** The strip for developers is shown over the page, on screens where it does not fit beside it. */
export const sheet = signal(false);
/** The screen is wide enough to show it beside the page. */
export const wide = signal(false);

const query = matchMedia("(min-width: 72rem)");
wide.value = query.matches;
query.addEventListener("change", () => {
  wide.value = query.matches;
});
