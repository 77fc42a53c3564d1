import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../words";

/** Pixels from the end at which the reader still counts as being there. */
const NEAR = 48;

/** What was said. The view follows what is new, unless the reader has scrolled up; `summons` brings it to the end. */
export function Log({ label, summons, children }: { label: string; summons: number; children: ComponentChildren }): JSX.Element {
  const view = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follows = useSignal(true);
  const last = useRef(0);

  const toEnd = (): void => {
    const node = view.current;
    if (!node) return;
    follows.value = true;
    node.scrollTop = node.scrollHeight;
    last.current = node.scrollTop;
  };
  useLayoutEffect(toEnd, [summons]);
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (follows.peek()) toEnd();
    });
    if (content.current) observer.observe(content.current);
    if (view.current) observer.observe(view.current);
    return () => observer.disconnect();
  }, []);

  const onScroll = (): void => {
    const node = view.current;
    if (!node) return;
    const left = node.scrollHeight - node.scrollTop - node.clientHeight;
    if (left < NEAR) follows.value = true;
    else if (node.scrollTop < last.current) follows.value = false;
    last.current = node.scrollTop;
  };
  return (
    <div class="log">
      <div class="scroller" ref={view} role="log" aria-live="off" aria-label={label} tabIndex={0} onScroll={onScroll}>
        <div class="content" ref={content}>
          {children}
        </div>
      </div>
      {!follows.value && (
        <button type="button" class="to-end" onClick={toEnd}>
          {t("to_the_end")}
        </button>
      )}
    </div>
  );
}
