import { language } from "../words";
import { formulas, highlighter } from "./late";

/** What the nodes of a text depend on, beside the text: the language, and what has been loaded. */
export function dressedFor(): string {
  return [language.value, Boolean(highlighter.value), Boolean(formulas.value)].join();
}
