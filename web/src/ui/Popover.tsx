import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface Props {
  /** What the button shows. */
  label: ComponentChildren;
  /** The name of what it opens, and of the button where the label does not say it. */
  name: string;
  children: (close: () => void) => ComponentChildren;
}

/** A button that opens a box above it. Esc, a click elsewhere or leaving it closes the box. */
export function Popover({ label, name, children }: Props): JSX.Element {
  const open = useSignal(false);
  const id = useId();
  const whole = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    open.value = false;
  };

  useEffect(() => {
    if (!open.value) return;
    const elsewhere = (event: Event): void => {
      if (!whole.current?.contains(event.target as Node)) close();
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("focusin", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("focusin", elsewhere);
    };
  }, [open.value]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !open.value) return;
    event.preventDefault(); // it closes this, and stops nothing
    close();
    button.current?.focus();
  };

  return (
    <div class="popover" ref={whole} onKeyDown={onKeyDown}>
      <button
        type="button"
        class="tool"
        ref={button}
        aria-expanded={open.value}
        aria-controls={id}
        aria-label={name}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        {label}
      </button>
      <div class="box" id={id} role="group" aria-label={name} hidden={!open.value}>
        {open.value && children(close)}
      </div>
    </div>
  );
}
