import { computed, effect, type Signal, signal } from "@preact/signals";
import { Attachment } from "../files/attachment";
import { read, write } from "../state/kept";
import { works } from "../state/work";
import { draft } from "./ask";
import { keepChat } from "./choices";
import { Answer, clear, type Phase, Question, type Source, system, type Turn, turns, type Usage } from "./turns";

const CHATS = "glm-chats";
const SHOWN = "glm-chat-shown";
const DRAFT = "glm-draft";
/** Before a chat's id: its name in the browser's lasting storage, which all tabs share. */
const LASTING = "glm-chat-";
/** Letters of a chat's title: the beginning of its first question. */
const TITLE = 60;

interface KeptAnswer {
  model: string;
  answeredBy?: string;
  text: string;
  thoughts: string;
  sources: Source[];
  ending: string;
  phase: Phase;
  usage: Usage | null;
  times: [number | null, number | null, number | null];
}

interface KeptQuestion {
  asked: string;
  files: [string, string][];
}

/** A chat as it is kept. */
export interface Kept {
  id: string;
  title: string;
  /** Which state of it this is: another tab that went on with it has another. */
  stamp: string;
  system: string;
  turns: (KeptAnswer | KeptQuestion)[];
}

/** The chats of this tab, the one that was used last first. */
export const chats: Signal<readonly Kept[]> = signal([]);
/** The one that is shown; it is among `chats` once something was asked in it. */
export const shown = signal(unique());
/** The chat that was deleted last, for who wants it back. */
export const deleted = signal<Kept | null>(null);

/**
 * Bring the chats back that this tab had before a reload, or those that this browser keeps; and go on keeping them: in
 * this tab, and in the browser as long as the reader wants that.
 */
export function keep(): void {
  const lasting = lastingChats();
  keepChat.value = lasting.length > 0;
  chats.value = read<Kept[]>(sessionStorage, CHATS) ?? lasting;
  draft.value = read<string>(sessionStorage, DRAFT) ?? "";
  const last = read<string>(sessionStorage, SHOWN);
  const first = last ? chats.value.find(({ id }) => id === last) : chats.value[0];
  if (first) show(first);
  effect(() => {
    write(sessionStorage, DRAFT, draft.value || null);
  });
  const running = computed(() => turns.value.map((turn) => turn instanceof Answer && turn.now.isRunning).join());
  effect(() => {
    running.value;
    keepChat.value;
    save();
  });
  // An answer that grows is kept as far as it is when the page goes.
  addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", save);
}

/** Begin another chat. */
export function begin(): void {
  works.chat.stop();
  save();
  clear();
  shown.value = unique();
  write(sessionStorage, SHOWN, shown.value);
}

/** Show another chat. */
export function open(chat: Kept): void {
  works.chat.stop();
  save();
  show(chat);
}

/** Delete a chat; `undo` brings it back. */
export function remove(chat: Kept): void {
  if (chat.id === shown.value) {
    works.chat.stop();
    save();
  }
  deleted.value = chats.value.find(({ id }) => id === chat.id) ?? chat;
  chats.value = chats.value.filter(({ id }) => id !== chat.id);
  write(localStorage, LASTING + chat.id, null);
  if (chat.id === shown.value) {
    clear();
    shown.value = unique();
  }
  store();
}

export function undo(): void {
  const chat = deleted.value;
  deleted.value = null;
  if (!chat) return;
  chats.value = [chat, ...chats.value];
  open(chat);
}

function show(chat: Kept): void {
  shown.value = chat.id;
  system.value = chat.system;
  turns.value = chat.turns.map(revived);
  write(sessionStorage, SHOWN, chat.id);
}

/** Keep what is shown. */
function save(): void {
  if (turns.value.length) {
    const old = chats.peek().find(({ id }) => id === shown.peek());
    const mine = plain(turns.value, old);
    if (!old || JSON.stringify({ ...mine, stamp: "" }) !== JSON.stringify({ ...old, stamp: "" })) {
      const other = keepChat.value ? read<Kept>(localStorage, LASTING + mine.id) : null;
      // Another tab went on with the same chat: from here on they are two.
      if (other && other.stamp !== old?.stamp) shown.value = mine.id = unique();
      chats.value = [mine, ...chats.peek().filter(({ id }) => id !== mine.id)];
      write(sessionStorage, SHOWN, mine.id);
      store(mine.id);
      return;
    }
  }
  store();
}

/** With the files where there is room for them, else without. `changed`: the others may be another tab's by now. */
function store(changed = ""): void {
  const all = chats.peek();
  const some = all.length ? all : null;
  write(sessionStorage, CHATS, some) || write(sessionStorage, CHATS, all.map(withoutFiles));
  for (const chat of all) {
    const name = LASTING + chat.id;
    if (!keepChat.peek()) write(localStorage, name, null);
    else if (chat.id === changed || !read<Kept>(localStorage, name)) {
      write(localStorage, name, chat) || write(localStorage, name, withoutFiles(chat));
    }
  }
}

function lastingChats(): Kept[] {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(LASTING));
  return names.flatMap((name) => read<Kept>(localStorage, name) ?? []).sort((a, b) => (a.stamp < b.stamp ? 1 : -1));
}

/** Later ones sort after earlier ones. */
function unique(): string {
  return Date.now().toString(36) + Math.random().toString(36).slice(2, 8);
}

function withoutFiles(chat: Kept): Kept {
  return { ...chat, turns: chat.turns.map((turn) => ("asked" in turn ? { ...turn, files: [] } : turn)) };
}

function plain(some: readonly Turn[], old: Kept | undefined): Kept {
  const first = some[0];
  const words = first instanceof Question ? first.text || (first.files[0]?.name ?? "") : "";
  return {
    id: old?.id ?? shown.peek(),
    title: words.slice(0, TITLE),
    stamp: unique(),
    system: system.value,
    turns: some.map((turn) =>
      turn instanceof Question
        ? { asked: turn.text, files: turn.files.map(({ name, url }) => [name, url]) }
        : {
            model: turn.model,
            answeredBy: turn.answeredBy,
            text: turn.text,
            thoughts: turn.thoughts,
            sources: turn.sources,
            ending: turn.ending,
            phase: turn.phase,
            usage: turn.usage,
            times: [turn.firstWord, turn.thinking, turn.took],
          },
    ),
  };
}

function revived(kept: KeptAnswer | KeptQuestion): Question | Answer {
  if ("asked" in kept) return new Question(kept.asked, kept.files.map(([name, url]) => new Attachment(name, url)));
  const answer = new Answer(kept.model);
  const { text, thoughts, sources, ending, usage, answeredBy = "" } = kept;
  Object.assign(answer, { text, thoughts, sources, ending, usage, answeredBy });
  answer.phase = kept.phase === "complete" ? "complete" : "stopped";
  [answer.firstWord, answer.thinking, answer.took] = kept.times;
  return answer;
}
