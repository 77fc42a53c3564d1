import { computed, effect, signal } from "@preact/signals";
import { call, json } from "../api/call";
import { asProblem, Problem } from "../api/problem";
import { locale, t } from "../words";
import { kind as deployment, loadModels } from "./deployment";
import { read, write } from "./kept";

const KEPT = "glm-key";
const DAY = 86_400;

interface Account {
  live: boolean;
}

/** What `POST /token/check` answers. */
interface Found {
  live: boolean;
  kind?: "refresh" | "access" | "api_key" | null;
  expires_at?: number | null;
  guest?: boolean;
  accounts?: Account[];
}

const kept = read<string>(localStorage, KEPT) ?? "";

/** What is in the field, as it was pasted. */
export const pasted = signal(kept);
/** Keep it in this browser. */
export const keep = signal(Boolean(kept));
export const checking = signal(false);
/** What a check of this very key has found. */
export const found = signal<Found | null>(null);
export const problem = signal<Problem | null>(null);
/** The field is shown although the key is good. */
export const changing = signal(false);
/** Rises when the reader is to write into the field. */
export const summons = signal(0);

/** The key, without what comes along when it is copied: the cookie's name, line breaks, quotation marks. */
export const key = computed(() => pasted.value.replace(/^\s*(Bearer |chatglm_refresh_token=)|[^!-:<-~]/gi, ""));

effect(() => {
  write(localStorage, KEPT, keep.value && key.value ? key.value : null);
});

/** The key is good, and its form can be folded. */
export const good = computed(() => Boolean(found.value?.live && !found.value.guest));

let latest: AbortController | undefined;

/** Take another key: what was known of the one before is of no use. */
export function enter(text: string): void {
  latest?.abort();
  pasted.value = text;
  checking.value = false;
  found.value = null;
  problem.value = null;
}

/** Show the field, and lead the reader there. */
export function ask(): void {
  changing.value = true;
  summons.value++;
}

/** Ask the deployment about the key. */
export async function check(): Promise<void> {
  const asked = key.value;
  latest?.abort();
  latest = new AbortController();
  const { signal } = latest;
  found.value = null;
  problem.value = asked ? null : new Problem("key_first");
  if (!asked) return;
  checking.value = true;
  try {
    const answer = await call("/token/check", { body: { token: asked }, signal });
    found.value = await json<Found>(answer);
    problem.value = fault(found.value);
    if (!problem.value) {
      changing.value = false;
      if (found.value.kind === "api_key") loadModels(asked).catch(() => {});
    }
  } catch (error) {
    if (signal.aborted) return;
    const refused = deployment.value === "access-key" && error instanceof Problem && error.facts.status === 401;
    problem.value = refused ? new Problem("key_refused") : asProblem(error);
  }
  if (!signal.aborted) checking.value = false;
}

/** An answer said that the key is refused: the form is of use again. */
export function refused(reason: Problem): void {
  found.value = null;
  problem.value = reason;
}

/** What the folded form says of a good key. */
export function verdict(long = false): string {
  const answer = found.value;
  if (!answer) return t("key_unchecked");
  const date = expiry(answer);
  if (deployment.value === "access-key") {
    const { accounts = [] } = answer;
    const live = accounts.filter((account) => account.live).length;
    const more = accounts.length ? ` · ${t("key_accounts", { live, all: accounts.length })}` : "";
    return t("key_accepted") + more;
  }
  if (answer.kind === "api_key") return t("key_api");
  if (answer.kind === "access") return t("key_access_token", { date });
  return t(long ? "key_until_long" : "key_until", { date });
}

function expiry({ expires_at: seconds }: Found): string {
  if (!seconds) return "?";
  const soon = seconds * 1000 - Date.now() < 2 * DAY * 1000;
  const style: Intl.DateTimeFormatOptions = soon
    ? { dateStyle: "medium", timeStyle: "short" }
    : { day: "numeric", month: locale() === "en" ? "short" : "long", year: "numeric" };
  return new Date(seconds * 1000).toLocaleString(locale() === "en" ? "en-GB" : "zh-CN", style);
}

/** What is wrong with a key that was checked. */
function fault(answer: Found): Problem | null {
  if (deployment.value === "access-key") return answer.live ? null : new Problem("key_no_account");
  if (answer.guest) return new Problem("key_guest");
  if (answer.live) return null;
  if (answer.kind === "api_key") return new Problem("key_api_dead");
  return new Problem(answer.kind ? "key_dead" : "key_none");
}
