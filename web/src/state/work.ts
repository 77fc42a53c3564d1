import { type Signal, signal } from "@preact/signals";
import { tab, type Tab } from "./view";

/** What goes on in one tab, so that it can be stopped. */
export class Work {
  /** There while it goes on. */
  readonly running: Signal<AbortController | null> = signal(null);

  /** Do something that a signal can stop. Only one thing at a time. */
  async do(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.running.value) return;
    const controller = new AbortController();
    this.running.value = controller;
    try {
      await work(controller.signal);
    } finally {
      this.running.value = null;
    }
  }

  /** Stop it. */
  stop(): void {
    this.running.value?.abort();
  }
}

export const works: Record<Tab, Work> = { chat: new Work(), pictures: new Work(), videos: new Work(), owner: new Work() };

/** Esc stops what goes on in the tab that is shown, unless it closes something else. */
export function stopOnEscape(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    works[tab.value].stop();
  });
}
