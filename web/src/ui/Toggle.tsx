import type { Signal } from "@preact/signals";
import type { JSX } from "preact";

/** A button that is pressed or not. */
export function Toggle({ on, label }: { on: Signal<boolean>; label: string }): JSX.Element {
  return (
    <button
      type="button"
      class="tool"
      aria-pressed={on.value}
      onClick={() => {
        on.value = !on.value;
      }}
    >
      {label}
    </button>
  );
}
