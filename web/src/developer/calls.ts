import { basket, draft, request } from "../chat/ask";
import { Answer, before, messagesOf, Question, system, type Turn } from "../chat/turns";
import * as pictures from "../pictures/drawings";
import type { Tab } from "../state/view";
import * as videos from "../videos/jobs";
import { t } from "../words";
import { anthropic, messagesBody } from "./anthropic";
import * as openai from "./openai";
import { ORIGIN, SET_TOKEN } from "./languages";
import { responses, responsesBody } from "./responses";

export const LANGUAGES = ["curl", "Python", "Node"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The endpoints that answer a chat. */
export const WIRES = ["Chat Completions", "Anthropic Messages", "Responses"] as const;
export type Wire = (typeof WIRES)[number];

/** What the tab would ask now, as a program. */
export function call(tab: Tab, wire: Wire, language: Language): string {
  return (language === "curl" || tab === "owner" ? SET_TOKEN : "") + program(tab, wire, language);
}

function program(tab: Tab, wire: Wire, language: Language): string {
  if (tab === "pictures") {
    return openai.pictures[language](pictures.request(pictures.draft.value.trim() || t("sample_picture")));
  }
  if (tab === "videos") {
    return openai.videos[language](videos.request(videos.draft.value.trim() || t("sample_video")));
  }
  if (tab === "owner") return `curl -s ${ORIGIN}/ping?deep=1 -H "Authorization: Bearer $TOKEN"`;
  const turns = asked();
  const words = system.value.trim();
  if (wire === "Anthropic Messages") return anthropic[language](messagesBody(words, turns));
  if (wire === "Responses") return responses[language](responsesBody(words, turns));
  return openai.chat[language](request(messagesOf(turns)));
}

/** The chat up to the next question: what is being written, else what was asked last. */
function asked(): Turn[] {
  const turns = before.value.filter((turn, place, all) => {
    const next = all[place + 1];
    return turn instanceof Answer ? turn.text : !(next instanceof Answer && !next.text && place + 2 < all.length);
  });
  const text = draft.value.trim();
  const last = turns.at(-1);
  if ((text || basket.items.value.length) && !(last instanceof Question)) turns.push(new Question(text, basket.items.value));
  while (turns.at(-1) instanceof Answer) turns.pop();
  return turns.length ? turns : [new Question(t("sample_chat"))];
}
