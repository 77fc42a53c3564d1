import { signal } from "@preact/signals";
import { call } from "../api/call";
import { events } from "../api/events";
import { asProblem, type ErrorBody, Problem, refusal } from "../api/problem";
import { Basket } from "../files/basket";
import * as key from "../state/key";
import { works } from "../state/work";
import { t } from "../words";
import { lastCost } from "../markdown/late";
import { effort, model, searches, thinks } from "./choices";
import { Answer, before, edited, lastAnswer, type Message, messagesOf, Question, type Source, turns } from "./turns";
import type { Usage } from "./turns";

/** Milliseconds between two drawings of an answer that is being written, at least; and in costs of the last one. */
const PAUSE = 40;
const PAUSE_IN_COSTS = 4;

interface Chunk {
  model?: string;
  error?: ErrorBody;
  choices?: { delta?: Delta; finish_reason?: string | null }[];
  usage?: Usage | null;
}

interface Delta {
  content?: string | null;
  reasoning_content?: string | null;
  annotations?: { url_citation?: Source }[] | null;
}

const work = works.chat;

export const draft = signal("");
export const basket = new Basket(() => JSON.stringify(messagesOf(before.value)).length);
/** What is wrong with the message that is being written. */
export const complaint = signal<Problem | null>(null);
/** Rises when the newest words are to be shown, wherever the reader is. */
export const summons = signal(0);

/** The body of the request that these messages make. */
export function request(messages: readonly Message[]): Record<string, unknown> {
  return {
    model: model.value,
    messages,
    stream: true,
    reasoning_effort: thinks.value ? effort.value : "none",
    web_search: searches.value,
  };
}

/** Send what is in the composer. */
export async function send(): Promise<void> {
  if (work.running.value) return;
  complaint.value = null;
  const text = draft.value.trim();
  if (!text && !basket.items.value.length) complaint.value = new Problem("empty_message");
  else if (!key.key.value) complaint.value = new Problem("key_first");
  if (complaint.value) return;
  const question = new Question(text, basket.empty());
  const answer = new Answer(model.value);
  turns.value = [...withoutFailure(before.value), question, answer];
  edited.value = null;
  draft.value = "";
  await write(answer);
}

/** Ask for the last answer anew. */
export async function again(): Promise<void> {
  const last = lastAnswer();
  const question = turns.value.at(-2);
  if (!last || !(question instanceof Question)) return;
  if (draft.value === question.text) takeBack(question);
  const answer = new Answer(model.value);
  turns.value = [...turns.value.slice(0, -1), answer];
  await write(answer);
}

/** Let the last answer go on where it ended. */
export async function goOn(): Promise<void> {
  const last = lastAnswer();
  if (last) await write(last);
}

/** Put an earlier question back into the composer. */
export function edit(question: Question): void {
  edited.value = question;
  draft.value = question.text;
  basket.items.value = [...question.files];
}

export function cancelEdit(): void {
  edited.value = null;
  draft.value = "";
  basket.empty();
}

/** The composer holds what was given back after a failure, and now it is asked again. */
function takeBack(question: Question): void {
  draft.value = "";
  if (basket.items.value.every((file) => question.files.includes(file))) basket.empty();
}

/** A question that got no word is replaced by the next one. */
function withoutFailure(some: readonly (Question | Answer)[]): readonly (Question | Answer)[] {
  const last = some.at(-1);
  return last instanceof Answer && !last.text ? some.slice(0, -2) : some;
}

function write(answer: Answer): Promise<void> {
  summons.value++;
  return work.do(async (stop) => {
    begin(answer);
    try {
      await read(answer, stop);
    } catch (error) {
      fail(answer, error, stop.aborted);
    }
    answer.took = (answer.took ?? 0) + since(answer);
    answer.tell();
  });
}

function begin(answer: Answer): void {
  answer.phase = "waiting";
  answer.hasTurn = false;
  answer.problem = null;
  answer.ending = "";
  answer.asked = performance.now();
  if (!answer.text) answer.thoughts = "";
  answer.tell();
}

async function read(answer: Answer, stop: AbortSignal): Promise<void> {
  const messages = messagesOf(turns.value);
  if (answer.text) messages.push({ role: "user", content: t("continue_prompt") });
  const body = { ...request(messages), model: answer.model, stream_options: { include_usage: true } };
  const response = await call("/v1/chat/completions", { key: key.key.value, body, signal: stop });
  answer.hasTurn = true;
  answer.answeredBy = response.headers.get("x-answered-by") ?? "";
  answer.tell();
  let timer = 0;
  const tell = (): void => {
    timer ||= setTimeout(() => {
      timer = 0;
      answer.tell();
    }, Math.max(PAUSE, PAUSE_IN_COSTS * lastCost()));
  };
  try {
    for await (const data of whole(events(response), stop)) {
      if (data === "[DONE]") break;
      take(answer, parsed(data));
      tell();
    }
  } finally {
    clearTimeout(timer);
  }
  if (!answer.ending) throw new Problem("broke_off");
  answer.phase = "complete";
}

/** The same, but a connection that breaks is a `Problem`. */
async function* whole(stream: AsyncIterable<string>, stop: AbortSignal): AsyncGenerator<string> {
  try {
    yield* stream;
  } catch (error) {
    throw stop.aborted ? error : new Problem("broke_off");
  }
}

function parsed(data: string): Chunk {
  try {
    return JSON.parse(data) as Chunk;
  } catch {
    throw new Problem("broke_off");
  }
}

function take(answer: Answer, { error, choices, usage, model: named }: Chunk): void {
  if (error) throw refusal(error, 0);
  answer.answeredBy ||= named ?? "";
  if (usage) answer.usage = usage;
  const choice = choices?.[0];
  if (!choice) return;
  const { content, reasoning_content: thought, annotations } = choice.delta ?? {};
  if (thought) {
    answer.firstWord ??= since(answer);
    answer.phase = "thinking";
    answer.thoughts += thought;
  }
  if (content) {
    answer.firstWord ??= since(answer);
    if (answer.phase !== "writing" && answer.thoughts) answer.thinking ??= thoughtFor(answer);
    answer.phase = "writing";
    answer.text += content;
  }
  for (const { url_citation: source } of annotations ?? []) {
    if (source && !answer.sources.some(({ url }) => url === source.url)) answer.sources.push(source);
  }
  answer.ending = choice.finish_reason ?? answer.ending;
}

function fail(answer: Answer, error: unknown, stopped: boolean): void {
  answer.phase = stopped ? "stopped" : "failed";
  if (answer.thoughts) answer.thinking ??= thoughtFor(answer);
  if (stopped) return;
  const problem = asProblem(error);
  answer.problem = problem;
  if (problem.facts.code === "invalid_api_key") key.refused(problem);
  const question = turns.value.at(-2);
  if (answer.text || draft.value || !(question instanceof Question)) return;
  draft.value = question.text;
  if (!basket.items.value.length) basket.items.value = [...question.files];
}

function since(answer: Answer): number {
  return (performance.now() - answer.asked) / 1000;
}

function thoughtFor(answer: Answer): number {
  return since(answer) - (answer.firstWord ?? 0);
}
