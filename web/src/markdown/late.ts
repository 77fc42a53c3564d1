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

/** Load the renderer. */
export async function loadMarkdown(): Promise<void> {
  markdown.value ??= await import("./markdown");
}

/** Load what colours code, and tell those that show some. */
export async function loadHighlighter(): Promise<void> {
  highlighter.value ??= await import("./highlight");
}

/** Load what sets formulas, and tell those that show some. */
export async function loadFormulas(): Promise<void> {
  formulas.value ??= await import("./formulas");
}
