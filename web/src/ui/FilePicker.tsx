import type { JSX } from "preact";
import type { Basket } from "../files/basket";

/** A button that attaches files from the disk. */
export function FilePicker({ basket, label, accept }: { basket: Basket; label: string; accept?: string }): JSX.Element {
  const onChange = async (event: { currentTarget: HTMLInputElement }): Promise<void> => {
    const input = event.currentTarget;
    await basket.add([...(input.files ?? [])]);
    input.value = "";
  };
  return (
    <label class="tool file" title={label}>
      <input type="file" multiple={!accept} {...(accept ? { accept } : {})} aria-label={label} onChange={onChange} />
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path d="M10 4v12M4 10h12" />
      </svg>
    </label>
  );
}
