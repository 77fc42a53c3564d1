import type { ComponentChildren, JSX } from "preact";

/** The paid service, for all that is not for oneself. */
export const PLATFORM = "https://open.bigmodel.cn";

/** A text with its one place filled by a node. */
export function filled(text: string, node: ComponentChildren): ComponentChildren {
  const [before, after] = text.split(/\{\w+\}/);
  return [before, node, after];
}

/** A link to another site, which shows its host unless it has other words. */
export function Link({ to, children }: { to: string; children?: ComponentChildren }): JSX.Element {
  return (
    <a href={to} target="_blank" rel="noopener">
      {children ?? new URL(to).host}
    </a>
  );
}
