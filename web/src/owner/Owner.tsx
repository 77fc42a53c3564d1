import { computed, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { call, json } from "../api/call";
import { asProblem, type Problem } from "../api/problem";
import { kind } from "../state/deployment";
import * as key from "../state/key";
import { Failure } from "../ui/Failure";
import { useSeconds } from "../ui/seconds";
import { locale, t } from "../words";

interface Account extends key.Account {
  answering: boolean;
  checked_at: number;
}

interface Used {
  label: string;
  limit: number | null;
  requests: number | null;
  tokens: number | null;
}

interface State {
  accounts: Account[];
  access_keys: Used[];
}

/** The key is an access key, so its holder may see how the accounts stand. */
export const isOwner = computed(() => kind.value === "access-key" && key.good.value);

const state = signal<State | null>(null);
const problem = signal<Problem | null>(null);

/** How the deployment's accounts stand, and what each access key has used today. Nothing can be changed here. */
export function Owner(): JSX.Element {
  useEffect(() => void load(), [key.key.value]);
  return (
    <div class="log">
      <div class="scroller" role="region" aria-label={t("owner")} tabIndex={0}>
        <div class="content">
          {problem.value && <Failure problem={problem.value} />}
          {state.value && <Accounts accounts={state.value.accounts} />}
          {state.value && <AccessKeys used={state.value.access_keys} />}
          <div class="actions">
            <button type="button" class="small" onClick={load}>
              {t("reload")}
            </button>
          </div>
        </div>
      </div>
    </div>
  );
}

async function load(): Promise<void> {
  problem.value = null;
  try {
    state.value = await json<State>(await call("/ping?deep=1", { key: key.key.value }));
  } catch (error) {
    problem.value = asProblem(error);
  }
}

function Accounts({ accounts }: { accounts: Account[] }): JSX.Element {
  useSeconds(accounts.some(({ cooling_until: until }) => until));
  return (
    <section>
      <h2>{t("owner_accounts")}</h2>
      <div class="table" role="group" aria-label={t("owner_accounts")} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {(["owner_account", "owner_state", "owner_why", "owner_until", "owner_points", "owner_doing"] as const).map((word) => (
                <th key={word}>{t(word)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {accounts.map((one) => (
              <tr key={one.account}>
                <td>{one.label || one.account}</td>
                <td>{t(one.live ? "works" : one.live === null ? "state_unknown" : "state_dead")}</td>
                <td>{one.reason}</td>
                <td>{one.expires_at && new Date(one.expires_at * 1000).toLocaleDateString(locale() === "en" ? "en-GB" : "zh-CN")}</td>
                <td>{one.points}</td>
                <td>{doing(one)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function doing({ answering, cooling_until: until }: Account): string {
  if (answering) return t("doing_answering");
  const seconds = Math.ceil((until ?? 0) - Date.now() / 1000);
  return seconds > 0 ? t("doing_cooling", { seconds }) : t("doing_free");
}

function AccessKeys({ used }: { used: Used[] }): JSX.Element {
  const counted = used.some(({ requests }) => requests !== null);
  return (
    <section>
      <h2>{t("owner_keys")}</h2>
      {counted ? (
        <div class="table" role="group" aria-label={t("owner_keys")} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {(["owner_key", "owner_requests", "owner_tokens"] as const).map((word) => (
                  <th key={word}>{t(word)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {used.map(({ label, limit, requests, tokens }) => (
                <tr key={label}>
                  <td>{label}</td>
                  <td>{limit === null ? requests : `${requests} / ${limit}`}</td>
                  <td>{tokens}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <>
          <p>{used.map(({ label }) => label).join(", ")}</p>
          <p class="quiet">{t("owner_no_store")}</p>
        </>
      )}
    </section>
  );
}
