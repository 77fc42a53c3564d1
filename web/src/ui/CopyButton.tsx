import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../words";
import { COPIED_MS } from "./copy_button";

/** A button that copies a text, and says so for a moment. */
export function CopyButton({ text, name, label = t("copy") }: { text: () => string; name: string; label?: string }): JSX.Element {
  const copied = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text());
    copied.value = true;
    setTimeout(() => {
      copied.value = false;
    }, COPIED_MS);
  };
  return (
    <button type="button" class="small quiet" aria-label={copied.value ? t("copied") : name} onClick={copy}>
      {copied.value ? t("copied") : label}
    </button>
  );
}
