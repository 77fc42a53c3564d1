import { computed, effect, signal } from "@preact/signals";
import { call, json } from "../api/call";
import { asProblem, Problem } from "../api/problem";
import { locale, t, type Word } from "../words";
import { kind as deployment, loadModels } from "./deployment";
import { read, write } from "./kept";
import { brought } from "./view";

const KEPT = "glm-key";
const DAY = 86_400;
/** Days before a token's end from which the page warns. */
const WARNED_DAYS = 14;
/** Milliseconds without a change after which the models of a key that is being typed are asked for. */
const TYPED_MS = 400;

/** What is known of one of several accounts. */
export interface Account {
  account: string;
  label?: string | null;
  live: boolean | null;
  kind?: string | null;
  reason?: string | null;
  code?: string | null;
  points?: number | null;
  expires_at?: number | null;
  cooling_until?: number | null;
}

/** What `POST /token/check` answers. */
interface Found {
  live: boolean;
  kind?: "refresh" | "access" | "api_key" | null;
  expires_at?: number | null;
  guest?: boolean;
  reason?: string;
  code?: string;
  points?: number;
  claimed?: boolean;
  accounts?: Account[];
}

const kept = read<string>(localStorage, KEPT) ?? "";

/** What is in the field, as it was pasted; at first what a link brought, else what this tab or this browser keeps. */
export const pasted = signal(brought || (read<string>(sessionStorage, KEPT) ?? kept));
/** Keep it in this browser, not in this tab alone. */
export const keep = signal(Boolean(kept));
/** It was refused: there is no use in keeping it. */
const dead = signal(false);
export const checking = signal(false);
/** What a check of this very key has found. */
export const found = signal<Found | null>(null);
export const problem = signal<Problem | null>(null);
/** The field is shown although the key is good. */
export const changing = signal(false);
/** Rises when the reader is to write into the field. */
export const summons = signal(0);

/** The key, without what comes along when it is copied: other cookies, the cookie's name, line breaks, quotation marks. */
export const key = computed(() => {
  const cookie = /chatglm_refresh_token=([^;\s]+)/.exec(pasted.value)?.[1];
  const text = pasted.value.includes(";") && cookie ? cookie : pasted.value;
  return text.replace(/^\s*(Bearer |chatglm_refresh_token=)|[^!-:<-~]/gi, "");
});
/** Some of what is asked with the key may be paid for. */
export const paid = computed(
  () =>
    found.value?.kind === "api_key" ||
    Boolean(found.value?.accounts?.some(({ kind }) => kind === "api_key")) ||
    (deployment.value !== "access-key" && key.value.split(",").some((one) => /^[^.\s]{8,}\.[^.\s]+$/.test(one))),
);

effect(() => {
  const worthIt = key.value && !dead.value ? key.value : null;
  write(sessionStorage, KEPT, worthIt);
  write(localStorage, KEPT, keep.value ? worthIt : null);
});

/** The key is good, and its form can be folded. */
export const good = computed(() => Boolean(found.value?.live && !found.value.guest));

let latest: AbortController | undefined;
let typing = 0;

/** Take another key: what was known of the one before is of no use. */
export function enter(text: string): void {
  latest?.abort();
  pasted.value = text;
  checking.value = false;
  found.value = null;
  problem.value = null;
  dead.value = false;
  clearTimeout(typing);
  typing = setTimeout(() => void loadModels(key.value).catch(() => {}), TYPED_MS);
}

/** Show the field, and lead the reader there. */
export function ask(): void {
  changing.value = true;
  summons.value++;
}

/** Ask the deployment about the key. */
export async function check(claim = false): Promise<void> {
  const asked = key.value;
  latest?.abort();
  latest = new AbortController();
  const { signal } = latest;
  found.value = null;
  problem.value = asked ? null : new Problem("key_first");
  if (!asked) return;
  checking.value = true;
  try {
    const answer = await call("/token/check", { body: { token: asked, ...(claim ? { claim } : {}) }, signal });
    found.value = await json<Found>(answer);
    problem.value = fault(found.value);
    dead.value = Boolean(problem.value);
    if (!problem.value) {
      changing.value = false;
      clearTimeout(typing);
      loadModels(asked).catch(() => {});
    }
  } catch (error) {
    if (signal.aborted) return;
    const refused = deployment.value === "access-key" && error instanceof Problem && error.facts.status === 401;
    dead.value = refused;
    problem.value = refused ? new Problem("key_refused") : asProblem(error);
  }
  if (!signal.aborted) checking.value = false;
}

/** An answer said that the key is refused: the form is of use again. */
export function refused(reason: Problem): void {
  found.value = null;
  dead.value = true;
  problem.value = reason;
}

/** Days that are left of a good token, where they are few; null where there is nothing to warn of. */
export const daysLeft = computed(() => {
  const { kind: what, expires_at: end, accounts = [] } = found.value ?? {};
  const ends = [...(what === "access" ? [] : [end]), ...accounts.map(({ expires_at }) => expires_at)].filter((one) => one != null);
  const days = Math.floor((Math.min(...ends) * 1000 - Date.now()) / (DAY * 1000));
  return ends.length && days < WARNED_DAYS ? Math.max(0, days) : null;
});

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
  if (answer.accounts) {
    const live = answer.accounts.filter((account) => account.live).length;
    return t("key_accounts", { live, all: answer.accounts.length });
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
  if (answer.code === "account_banned") return new Problem("error_account_banned");
  if (!answer.kind) return new Problem(whatElse(key.value));
  if (answer.kind === "api_key") return new Problem("key_api_dead");
  return new Problem("key_dead");
}

/** What a text is that is no key. */
function whatElse(text: string): Word {
  if (text.startsWith("eyJ")) return "key_cut";
  return text.startsWith("sk-") ? "key_foreign" : "key_none";
}
