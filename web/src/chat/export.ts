import { t } from "../words";
import { Answer, Question, system, turns } from "./turns";

/** The chat as Markdown. */
export function markdown(): string {
  const parts = [`# ${t("chat")}`];
  if (system.value.trim()) parts.push(`## ${t("system_prompt")}`, system.value.trim());
  for (const turn of turns.value) {
    if (turn instanceof Question) {
      parts.push(`## ${t("you")}`, turn.text, ...turn.files.map(({ name }) => `*${name}*`));
    } else if (turn.text) {
      parts.push(`## ${turn.author}`, turn.text.trim(), ...sources(turn));
    }
  }
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

/** Give the chat to the reader as a file. */
export function save(): void {
  const url = URL.createObjectURL(new Blob([markdown()], { type: "text/markdown" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "chat.md";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function sources({ sources: found }: Answer): string[] {
  if (!found.length) return [];
  return [`### ${t("sources")}`, found.map(({ url, title }, place) => `${place + 1}. [${title || url}](<${url}>)`).join("\n")];
}
