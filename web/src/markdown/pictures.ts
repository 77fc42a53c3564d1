import { t } from "../words";

/** Where pictures in answers are loaded from, because the reader has asked for them. */
const shown = new Set<string>();

/**
 * A picture of an answer. One from elsewhere is a button first: an address can carry words of the chat to whoever it
 * names, so none is loaded unasked.
 */
export function picture(src: string, alt: string): HTMLElement {
  if (!src) return document.createElement("span");
  const { host } = new URL(src);
  if (!host || shown.has(host)) return image(src, alt, Boolean(host));
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = t("show_pictures", { host });
  Object.assign(button.dataset, { src, alt, host });
  button.addEventListener("click", () => show(host));
  return button;
}

function image(src: string, alt: string, linked: boolean): HTMLElement {
  const node = document.createElement("img");
  node.src = src;
  node.alt = alt || t("picture");
  if (!linked) return node;
  const link = document.createElement("a");
  link.href = src;
  link.target = "_blank";
  link.rel = "noopener";
  link.append(node);
  return link;
}

function show(host: string): void {
  const focused = document.activeElement;
  shown.add(host);
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-host]")) {
    const { src = "", alt = "", host: own } = button.dataset;
    if (own !== host) continue;
    const node = picture(src, alt);
    button.replaceWith(node);
    if (button === focused) node.focus();
  }
}
