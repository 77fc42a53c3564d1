import { computed, effect, signal } from "@preact/signals";
import { call, json } from "../api/call";
import { asProblem, Problem } from "../api/problem";
import { keepChat } from "../chat/choices";
import { models } from "../state/deployment";
import { read, write } from "../state/kept";
import * as key from "../state/key";
import { works } from "../state/work";

/** One model under three names: a choice among them would change nothing. */
const ONE_MODEL = ["cogview-4", "cogview-3-plus", "cogview-3"];
const PICTURE_MODEL = /^(cogview|glm-image)/;

export const SHAPES = ["1:1", "16:9", "4:3", "3:4", "9:16"] as const;
export const COUNTS = ["1", "2", "3", "4"] as const;

export interface Picture {
  url: string;
  /** What the service made of the prompt. */
  words: string;
}

/** One order of pictures. */
export interface Drawing {
  id: number;
  prompt: string;
  shape: string;
  count: number;
  pictures: Picture[];
  problem: Problem | null;
  seconds: number | null;
  stopped?: boolean;
}

export const draft = signal("");
export const shape = signal<string>("1:1");
export const count = signal("1");
export const chosen = signal(ONE_MODEL[0] ?? "");
export const complaint = signal<Problem | null>(null);
/** The newest first. */
export const drawings = signal<readonly Drawing[]>([]);

/** The models that differ, where there are any; one of the names of the usual one among them. */
export const choices = computed(() => {
  const others = models.value.filter((name) => PICTURE_MODEL.test(name) && !ONE_MODEL.includes(name));
  return others.length ? [ONE_MODEL[0] ?? "", ...others] : [];
});

const KEPT = "glm-pictures";
let orders = 0;

/** Bring back the pictures of before a reload, and go on keeping them. */
export function keep(): void {
  const kept = read<Drawing[]>(sessionStorage, KEPT) ?? read<Drawing[]>(localStorage, KEPT) ?? [];
  orders = Math.max(0, ...kept.map(({ id }) => id));
  drawings.value = kept.map((drawing) => (drawing.seconds === null ? { ...drawing, stopped: true } : drawing));
  effect(() => {
    const known = drawings.value.map((drawing) => ({ ...drawing, problem: null }));
    write(sessionStorage, KEPT, known.length ? known : null);
    write(localStorage, KEPT, keepChat.value && known.length ? known : null);
  });
}

export function request(prompt: string): Record<string, unknown> {
  return { model: chosen.value, prompt, n: Number(count.value), size: shape.value };
}

/** Draw what is in the composer. */
export async function draw(): Promise<void> {
  const prompt = draft.value.trim();
  complaint.value = null;
  if (!prompt) complaint.value = new Problem("empty_message");
  else if (!key.key.value) complaint.value = new Problem("key_first");
  if (complaint.value) return;
  draft.value = "";
  await order({
    id: ++orders,
    prompt,
    shape: shape.value,
    count: Number(count.value),
    pictures: [],
    problem: null,
    seconds: null,
  });
}

/** Draw what failed once more. */
export async function again(drawing: Drawing): Promise<void> {
  if (draft.value === drawing.prompt) draft.value = "";
  drawings.value = drawings.value.filter(({ id }) => id !== drawing.id);
  await order({ ...drawing, problem: null, stopped: false });
}

function order(drawing: Drawing): Promise<void> {
  drawings.value = [drawing, ...drawings.value];
  return works.pictures.do(async (stop) => {
    const started = performance.now();
    const body = { ...request(drawing.prompt), n: drawing.count, size: drawing.shape };
    try {
      const response = await call("/v1/images/generations", { key: key.key.value, body, signal: stop });
      const { data = [] } = await json<{ data?: { url?: string; revised_prompt?: string }[] }>(response);
      const pictures = data.flatMap(({ url, revised_prompt: words }) =>
        url && /^https?:/i.test(url) ? [{ url, words: words || drawing.prompt }] : [],
      );
      change(drawing.id, { pictures, seconds: (performance.now() - started) / 1000 });
    } catch (error) {
      fail(drawing, error, stop.aborted);
    }
  });
}

function fail(drawing: Drawing, error: unknown, stopped: boolean): void {
  if (!draft.value) draft.value = drawing.prompt;
  if (stopped) {
    change(drawing.id, { stopped });
    return;
  }
  const problem = asProblem(error);
  if (problem.facts.code === "invalid_api_key") key.refused(problem);
  change(drawing.id, { problem });
}

function change(id: number, news: Partial<Drawing>): void {
  drawings.value = drawings.value.map((drawing) => (drawing.id === id ? { ...drawing, ...news } : drawing));
}
