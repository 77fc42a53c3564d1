import { batch, computed, type Signal, signal } from "@preact/signals";
import type { Problem } from "../api/problem";
import { Attachment } from "../files/attachment";

export interface Source {
  url: string;
  title: string;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  estimated?: boolean;
}

/** A message as the API takes it. */
export interface Message {
  role: "system" | "user" | "assistant";
  content: unknown;
}

/** How far an answer is. */
export type Phase = "waiting" | "thinking" | "writing" | "complete" | "stopped" | "failed";

let count = 0;

/** What the reader asked. */
export class Question {
  readonly id = ++count;

  constructor(
    readonly text: string,
    readonly files: readonly Attachment[] = [],
  ) {}

  get message(): Message {
    const parts = [{ type: "text", text: this.text }, ...this.files.map(part)];
    return { role: "user", content: this.files.length ? parts : this.text };
  }
}

/** An answer, which may still be growing. `changed` tells that it has. */
export class Answer {
  readonly id = ++count;
  readonly changed: Signal<number> = signal(0);
  text = "";
  thoughts = "";
  sources: Source[] = [];
  phase: Phase = "waiting";
  /** Why it ended, in the API's words. */
  ending = "";
  problem: Problem | null = null;
  usage: Usage | null = null;
  /** The service and its model, as the deployment tells them; empty until it has. */
  answeredBy = "";
  /** The deployment has begun to answer: nobody waits for the account's turn any more. */
  hasTurn = false;
  /** Milliseconds of the page's clock. */
  asked = 0;
  /** Seconds: to the first word of all, of thinking, of all of it. */
  firstWord: number | null = null;
  thinking: number | null = null;
  took: number | null = null;

  constructor(readonly model: string) {}

  get message(): Message {
    return { role: "assistant", content: this.text };
  }

  get isRunning(): boolean {
    return this.phase === "waiting" || this.phase === "thinking" || this.phase === "writing";
  }

  /** Who wrote it, as far as that is known. */
  get author(): string {
    return this.answeredBy || this.model;
  }

  /** The name that was asked for, where somebody of another name answers. */
  get askedName(): string {
    const by = this.answeredBy;
    return by && by !== this.model && !by.endsWith(`/${this.model}`) ? this.model : "";
  }

  /** It ended in the middle, so that it can be gone on with. */
  get isPartial(): boolean {
    return Boolean(this.text) && !this.isRunning && (this.phase !== "complete" || this.ending === "length");
  }

  /** The answer as it is now, for a view that is to be drawn anew when it grows. */
  get now(): this {
    this.changed.value;
    return this;
  }

  /** Show what is new. */
  tell(): void {
    this.changed.value++;
  }
}

export type Turn = Question | Answer;

export const turns = signal<readonly Turn[]>([]);
export const system = signal("");
/** A question that is being edited: what follows it will be replaced. */
export const edited = signal<Question | null>(null);

/** The messages of these turns; a question that got no word of an answer is left out, unless it is the last. */
export function messagesOf(some: readonly Turn[]): Message[] {
  const messages: Message[] = system.value.trim() ? [{ role: "system", content: system.value.trim() }] : [];
  some.forEach((turn, place) => {
    const next = some[place + 1];
    const unanswered = turn instanceof Question && next instanceof Answer && !next.text && place + 2 < some.length;
    const empty = turn instanceof Answer && !turn.text;
    if (!unanswered && !empty) messages.push(turn.message);
  });
  return messages;
}

/** The turns before the one that is edited; all of them where none is. */
export const before = computed(() => {
  const place = edited.value ? turns.value.indexOf(edited.value) : -1;
  return place < 0 ? turns.value : turns.value.slice(0, place);
});

/** The last turn, where it is an answer. */
export function lastAnswer(): Answer | null {
  const last = turns.value.at(-1);
  return last instanceof Answer ? last : null;
}

export function clear(): void {
  batch(() => {
    turns.value = [];
    edited.value = null;
  });
}

function part(file: Attachment): unknown {
  return file.isPicture
    ? { type: "image_url", image_url: { url: file } }
    : { type: "file", file: { filename: file.name, file_data: file } };
}
