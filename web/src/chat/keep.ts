import { effect } from "@preact/signals";
import { Attachment } from "../files/attachment";
import { read, write } from "../state/kept";
import { keepChat } from "./choices";
import { Answer, type Phase, Question, type Source, system, turns, type Usage } from "./turns";

const KEPT = "glm-chat";

interface KeptAnswer {
  model: string;
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

interface Kept {
  system: string;
  turns: (KeptAnswer | KeptQuestion)[];
}

/** Bring the chat back that this browser keeps, and go on keeping it as long as the reader wants that. */
export function keep(): void {
  const kept = read<Kept>(localStorage, KEPT);
  if (kept) {
    keepChat.value = true;
    system.value = kept.system;
    turns.value = kept.turns.map(revived);
  }
  effect(() => {
    const grows = turns.value.map((turn) => turn instanceof Answer && turn.now.isRunning);
    if (!keepChat.value) write(localStorage, KEPT, null);
    else if (!grows.includes(true)) save();
  });
}

/** With the files where there is room for them, else without. */
function save(): void {
  write(localStorage, KEPT, plain(true)) || write(localStorage, KEPT, plain(false));
}

function plain(withFiles: boolean): Kept {
  return {
    system: system.value,
    turns: turns.value.map((turn) =>
      turn instanceof Question
        ? { asked: turn.text, files: withFiles ? turn.files.map(({ name, url }) => [name, url]) : [] }
        : {
            model: turn.model,
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
  const { text, thoughts, sources, ending, usage } = kept;
  Object.assign(answer, { text, thoughts, sources, ending, usage });
  answer.phase = kept.phase === "complete" ? "complete" : "stopped";
  [answer.firstWord, answer.thinking, answer.took] = kept.times;
  return answer;
}
