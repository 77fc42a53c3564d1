import { signal } from "@preact/signals";
import { en, type Word } from "./en";
import { zh } from "./zh";

export type { Word };
export type Language = "en" | "zh";
export type Values = Record<string, string | number>;

/** The language of the page: the address names it, else the browser does. */
export const language = signal<Language>(chosen());

/** A text in the reader's language. */
export function t(word: Word, values: Values = {}): string {
  const text = (language.value === "zh" ? zh : en)[word];
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** The language as documents name it. */
export function locale(): string {
  return language.value === "zh" ? "zh-CN" : "en";
}

/** Whether there is a text of that name. */
export function isWord(name: string): name is Word {
  return Object.hasOwn(en, name);
}

/** Speak the other language, also after a reload. */
export function switchLanguage(): void {
  language.value = language.value === "zh" ? "en" : "zh";
  history.replaceState(null, "", `?lang=${language.value}${location.hash}`);
}

function chosen(): Language {
  const named = new URLSearchParams(location.search).get("lang") ?? navigator.language;
  return named.startsWith("zh") ? "zh" : "en";
}
