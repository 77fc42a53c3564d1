import { computed, signal } from "@preact/signals";
import { models } from "../state/deployment";
import { remembered } from "../state/kept";
import type { Word } from "../words";

/** The models that are shown first, with a line each, where the deployment has them. */
const RECOMMENDED: readonly (readonly [string, Word])[] = [
  ["glm-5.3-flash", "glm_flash"],
  ["glm-5.3", "glm_best"],
  ["glm-ai-search", "glm_search"],
  ["glm-4-deepresearch", "glm_research"],
];
const NOT_FOR_CHAT = /^(cogv|vidu|embedding|claude|rerank|glm-(image|asr|tts|ocr|realtime))/;
const MOST = 4;

export const EFFORTS = ["low", "high", "max"] as const;
export type Effort = (typeof EFFORTS)[number];

export const chosenModel = remembered<string>("glm-model", "glm-5.3-flash");
export const thinks = remembered("glm-think", false);
export const effort = remembered<string>("glm-effort", "high");
export const searches = remembered("glm-search", true);
/** Keep the chat in this browser. */
export const keepChat = signal(false);

const forChat = computed(() => models.value.filter((name) => !NOT_FOR_CHAT.test(name)));

/** The models with a line; the first ones of the deployment where it has none of those. */
export const recommended = computed(() => {
  const known = RECOMMENDED.filter(([name]) => forChat.value.includes(name));
  return known.length ? known : forChat.value.slice(0, MOST).map((name) => [name, ""] as const);
});

export const others = computed(() => {
  const shown = new Set(recommended.value.map(([name]) => name));
  return forChat.value.filter((name) => !shown.has(name));
});

/** An agent's id, which no list has. */
export function isAgent(name: string): boolean {
  return /^[0-9a-f]{24}$/.test(name);
}

/** The model to ask: the chosen one, unless the key has it not. */
export const model = computed(() => {
  const known = forChat.value;
  return !known.length || known.includes(chosenModel.value) || isAgent(chosenModel.value) ? chosenModel.value : (known[0] ?? chosenModel.value);
});
