import { signal } from "@preact/signals";
import { call, json } from "../api/call";

/** Whose accounts the deployment uses: those that callers bring, or its own, opened by an access key. */
export type Kind = "own-token" | "access-key" | "misconfigured";

const OWN_LIMIT_MB = 30;
/** Megabytes that a request may have, by the header that tells the platform. */
const PLATFORM_LIMITS_MB: Record<string, number> = { "x-vercel-id": 4.5, "x-amzn-requestid": 6 };

export const kind = signal<Kind>("own-token");
export const version = signal("");
export const limit = signal(OWN_LIMIT_MB);
/** The names of the models, those that the deployment lists. */
export const models = signal<string[]>([]);

/** Ask the deployment what it is. One that does not say is taken for one where callers bring tokens. */
export async function meet(): Promise<void> {
  const answer = await call("/ping");
  void answer.text(); // Unread, it would keep one of the browser's few connections.
  const { headers } = answer;
  const told = headers.get("x-deployment");
  if (told === "access-key" || told === "misconfigured") kind.value = told;
  version.value = headers.get("x-version") ?? "";
  for (const [header, megabytes] of Object.entries(PLATFORM_LIMITS_MB)) {
    if (headers.has(header)) limit.value = megabytes;
  }
}

let asked = 0;

/** Ask for the models; with a key, for those of that key. Of several questions only the last one counts. */
export async function loadModels(key = ""): Promise<void> {
  const mine = ++asked;
  const { data = [] } = await json<{ data?: { id: string }[] }>(await call("/v1/models", { key }));
  if (mine === asked) models.value = data.map(({ id }) => id);
}
