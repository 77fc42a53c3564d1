import { t } from "../words";

/** Milliseconds for which a button says that it has copied. */
export const COPIED_MS = 2000;

/** A button that copies a text; for nodes that are not made by the view library. */
export function copyButton(text: () => string, name: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small quiet";
  button.textContent = t("copy");
  button.setAttribute("aria-label", name);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = t("copied");
    setTimeout(() => {
      button.textContent = t("copy");
    }, COPIED_MS);
  });
  return button;
}
