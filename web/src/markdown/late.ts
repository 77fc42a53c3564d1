import { signal } from "@preact/signals";

/** What is loaded when there is something to show: it would keep the page from its first paint. */
export const markdown = signal<typeof import("./markdown") | null>(null);
export const highlighter = signal<typeof import("./highlight") | null>(null);
export const formulas = signal<typeof import("./formulas") | null>(null);

let cost = 0;

/** Milliseconds that the last drawing of an answer took. */
export function lastCost(): number {
  return cost;
}

/** Do a drawing, and measure it. */
export function measured(draw: () => void): void {
  const started = performance.now();
  draw();
  cost = performance.now() - started;
}

/** Load the renderer. Where it cannot be had, answers are shown as they were written. */
export function loadMarkdown(): void {
  import("./markdown").then(
    (module) => {
      markdown.value = module;
    },
    () => {},
  );
}

/** Load what colours code. Where it cannot be had, code stays as it is. */
export function loadHighlighter(): void {
  import("./highlight").then(
    (module) => {
      highlighter.value = module;
    },
    () => {},
  );
}

/** Load what sets formulas. Where it cannot be had, they stay as they were written. */
export function loadFormulas(): void {
  import("./formulas").then(
    (module) => {
      formulas.value = module;
    },
    () => {},
  );
}
