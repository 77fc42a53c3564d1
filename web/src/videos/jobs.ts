import { batch, computed, effect, signal } from "@preact/signals";
import { call, json } from "../api/call";
import { pause } from "../api/pause";
import { asProblem, type ErrorBody, Problem, refusal } from "../api/problem";
import { keepChat } from "../chat/choices";
import { Basket } from "../files/basket";
import { models } from "../state/deployment";
import { read, write } from "../state/kept";
import * as key from "../state/key";
import { works } from "../state/work";

const KEPT = "glm-videos";
const JOBS = "/v1/videos/generations";
/** Seconds between two looks where the answer does not say, and at least. */
export const POLL_SECONDS = 5;
const SHORTEST_POLL = 0.1;
const USUAL = "cogvideox";
/** Draws a first picture for the video. */
const WITH_PICTURE = "cogvideox-pro";
const VIDEO_MODEL = /^(cogvideo|vidu)/;

export interface Made {
  url: string;
  cover: string;
  facts: string;
}

/** One video, from its order on. */
export interface Job {
  id: string;
  prompt: string;
  /** Unix time in milliseconds. */
  started: number;
  percent: number | null;
  made: Made | null;
  problem: Problem | null;
  /** Somebody asks how far it is, again and again. */
  watched: boolean;
  /** It has failed for good. */
  failed: boolean;
}

interface Task {
  id: string;
  task_status: "PROCESSING" | "SUCCESS" | "FAIL";
  progress?: number | string;
  error?: ErrorBody;
  video_result?: { url?: string; cover_image_url?: string }[];
  data?: { video_url?: string; cover_url?: string; video_duration?: string; resolution?: string }[];
}

export const draft = signal("");
export const style = signal("");
export const mood = signal("");
export const camera = signal("");
export const drawsFirst = signal(false);
export const chosen = signal(USUAL);
export const complaint = signal<Problem | null>(null);
export const basket = new Basket(() => 0, true);
/** The newest first. */
export const jobs = signal<readonly Job[]>([]);

/** The models beside the two usual ones. */
export const choices = computed(() => {
  const others = models.value.filter((name) => VIDEO_MODEL.test(name) && name !== USUAL && name !== WITH_PICTURE);
  return others.length ? [USUAL, ...others] : [];
});

const watches = new Map<string, AbortController>();

export function request(prompt: string): Record<string, unknown> {
  const fields = {
    model: drawsFirst.value && chosen.value === USUAL ? WITH_PICTURE : chosen.value,
    prompt,
    image_url: basket.items.value[0],
    video_style: style.value,
    emotional_atmosphere: mood.value,
    mirror_mode: camera.value,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}

/** Bring back the jobs of before a reload; watch them as soon as there is a key that can. */
export function keep(): void {
  const kept = read<Job[]>(sessionStorage, KEPT) ?? read<Job[]>(localStorage, KEPT) ?? [];
  jobs.value = kept.map((job) => ({
    ...job,
    problem: job.failed ? new Problem("error_video_failed") : null,
    watched: false,
  }));
  effect(() => {
    const known = jobs.value.map((job) => ({ ...job, problem: null }));
    const plain = known.length ? known : null;
    write(sessionStorage, KEPT, plain);
    write(localStorage, KEPT, keepChat.value ? plain : null);
  });
  let waiting = kept.filter(({ made, failed }) => !made && !failed).map(({ id }) => id);
  effect(() => {
    if (!key.good.value || !waiting.length) return;
    const ids = waiting;
    waiting = [];
    for (const id of ids) void watch(id);
  });
}

/** Order the video that the composer describes, and watch how it comes about. */
export async function make(): Promise<void> {
  const prompt = draft.value.trim();
  complaint.value = null;
  if (!prompt) complaint.value = new Problem("empty_message");
  else if (!key.key.value) complaint.value = new Problem("key_first");
  if (complaint.value) return;
  await works.videos.do(async (stop) => {
    try {
      const response = await call(JOBS, { key: key.key.value, body: request(prompt), signal: stop });
      const { id } = await json<Task>(response);
      const job = { id, prompt, started: Date.now(), percent: null, made: null, problem: null, watched: false, failed: false };
      batch(() => {
        jobs.value = [job, ...jobs.value];
        draft.value = "";
        basket.empty();
      });
      void watch(id, waitOf(response));
    } catch (error) {
      if (!stop.aborted) complaint.value = problemOf(error);
    }
  });
}

/** Look again and again until the video is there. `wait`: seconds before the first look. */
export async function watch(id: string, wait = 0): Promise<void> {
  watches.get(id)?.abort();
  const controller = new AbortController();
  const { signal: stop } = controller;
  watches.set(id, controller);
  change(id, { watched: true, problem: null });
  try {
    await pause(wait, stop);
    for (;;) {
      const response = await call(`${JOBS}/${encodeURIComponent(id)}`, { key: key.key.value, signal: stop });
      if (take(id, await json<Task>(response))) return;
      await pause(waitOf(response), stop);
    }
  } catch (error) {
    if (!stop.aborted) change(id, { problem: problemOf(error) });
  } finally {
    if (watches.get(id) === controller) {
      watches.delete(id);
      change(id, { watched: false });
    }
  }
}

/** Look no more. The video goes on being made. */
export function leave(id: string): void {
  watches.get(id)?.abort();
}

/** Take a video off the list. */
export function forget(id: string): void {
  leave(id);
  jobs.value = jobs.value.filter((job) => job.id !== id);
}

function take(id: string, task: Task): boolean {
  const percent = parseFloat(String(task.progress));
  if (percent >= 0) change(id, { percent: Math.min(100, Math.round(percent)) });
  if (task.task_status === "FAIL") {
    change(id, { failed: true, problem: refusal(task.error ?? { code: "video_failed" }, 0) });
    return true;
  }
  const made = task.task_status === "SUCCESS" ? madeOf(task) : null;
  if (made) change(id, { made });
  return task.task_status === "SUCCESS";
}

function madeOf({ data, video_result: results }: Task): Made {
  const [first, result] = [data?.[0], results?.[0]];
  return {
    url: address(first?.video_url ?? result?.url),
    cover: address(first?.cover_url ?? result?.cover_image_url),
    facts: [first?.video_duration, first?.resolution].filter(Boolean).join(", "),
  };
}

function address(url = ""): string {
  return /^https?:/i.test(url) ? url : "";
}

function waitOf(response: Response): number {
  const told = response.headers.get("retry-after");
  return told === null ? POLL_SECONDS : Math.max(SHORTEST_POLL, Number(told) || 0);
}

function problemOf(error: unknown): Problem {
  const problem = asProblem(error);
  if (problem.facts.code === "invalid_api_key") key.refused(problem);
  return problem;
}

function change(id: string, news: Partial<Job>): void {
  jobs.value = jobs.value.map((job) => (job.id === id ? { ...job, ...news } : job));
}
