import { t } from "../words";
import { copyButton } from "../ui/copy_button";
import { formulas, highlighter, loadFormulas, loadHighlighter } from "./late";
import { picture } from "./pictures";

/** The names of languages as people write them; others are shown as the answer names them. */
const NAMES: Record<string, string> = {
  ...{ bash: "Bash", c: "C", cpp: "C++", csharp: "C#", css: "CSS", go: "Go", html: "HTML", java: "Java", json: "JSON" },
  ...{ javascript: "JavaScript", js: "JavaScript", jsx: "JSX", kotlin: "Kotlin", php: "PHP", python: "Python" },
  ...{ py: "Python", ruby: "Ruby", rust: "Rust", sh: "Shell", shell: "Shell", sql: "SQL", ts: "TypeScript" },
  ...{ tsx: "TSX", typescript: "TypeScript", xml: "XML", yaml: "YAML", yml: "YAML", markdown: "Markdown" },
};
const NUMBER = /^\[?(\d{1,3})\]?$/;

/** Give nodes from Markdown what they need on this page: names, buttons, colours, formulas. */
export function dress(nodes: DocumentFragment): void {
  for (const link of nodes.querySelectorAll("a")) dressLink(link);
  for (const image of nodes.querySelectorAll("img")) image.replaceWith(picture(image.src, image.alt));
  for (const table of nodes.querySelectorAll("table")) {
    const box = scroller("div", t("table"));
    box.className = "table";
    table.replaceWith(box);
    box.append(table);
  }
  for (const pre of nodes.querySelectorAll("pre")) dressCode(pre);
  for (const box of nodes.querySelectorAll("input")) {
    box.setAttribute("aria-label", t(box.checked ? "done" : "not_done"));
  }
  for (const code of nodes.querySelectorAll<HTMLElement>("code.formula")) setFormula(code);
}

function dressLink(link: HTMLAnchorElement): void {
  if (!link.hasAttribute("href")) {
    link.replaceWith(...link.childNodes);
    return;
  }
  link.target = "_blank";
  link.rel = "noopener";
  const number = NUMBER.exec(link.textContent ?? "")?.[1];
  if (number) {
    link.textContent = number;
    link.className = "cite";
    link.setAttribute("aria-label", t("source", { number }));
  } else if (!link.textContent && !link.childElementCount) link.textContent = link.href;
}

function dressCode(pre: HTMLPreElement): void {
  const code = pre.firstElementChild as HTMLElement | null;
  if (!code) return;
  const tag = code.className.replace("language-", "").toLowerCase();
  code.removeAttribute("class");
  const name = NAMES[tag] ?? tag;
  const text = code.textContent ?? "";
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const label = document.createElement("span");
  label.textContent = name || t("code");
  caption.append(label, copyButton(() => text, t("copy_code", { language: name || t("code") })));
  figure.className = "code";
  pre.replaceWith(figure);
  const box = scroller("pre", name ? `${t("code")}, ${name}` : t("code"));
  box.append(code);
  figure.append(caption, box);
  if (!tag) return;
  const coloured = highlighter.value?.highlight(text, tag);
  if (coloured) code.replaceChildren(coloured);
  else if (!highlighter.value) loadHighlighter();
}

function setFormula(code: HTMLElement): void {
  const display = code.classList.contains("display");
  const tex = code.textContent ?? "";
  const box = formulas.value?.set(tex, display);
  if (!box) {
    if (!formulas.value) loadFormulas();
    return;
  }
  box.className = display ? "formula display" : "formula";
  if (display) Object.assign(box, { tabIndex: 0, role: "group", ariaLabel: t("formula") });
  code.replaceWith(box);
}

/** An element that can be scrolled with the keyboard, so it needs a name. */
function scroller(tag: string, name: string): HTMLElement {
  const box = document.createElement(tag);
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", name);
  return box;
}
