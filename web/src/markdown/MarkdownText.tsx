import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { dressedFor } from "./dressed_for";
import { loadMarkdown, markdown, measured } from "./late";

/** A text in Markdown, which may still be growing. Until the renderer is there, the text as it is. */
export function MarkdownText({ text, writing }: { text: string; writing: boolean }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const shown = useRef<{ show(text: string): void } | null>(null);
  const module = markdown.value;
  const dressed = dressedFor();

  useLayoutEffect(() => {
    const into = box.current;
    if (!into) return;
    if (!module) {
      into.textContent = text;
      if (text) loadMarkdown();
      return;
    }
    if (!shown.current) {
      into.textContent = "";
      shown.current = new module.Markdown(into);
    }
    measured(() => shown.current?.show(text));
  }, [text, module, dressed]);

  return <div class={writing ? "text writing" : "text"} ref={box} />;
}
