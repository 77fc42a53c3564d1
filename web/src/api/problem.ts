import { isWord, t, type Values, type Word } from "../words";

interface Facts {
  code?: string;
  message?: string;
  status?: number;
  /** Seconds after which the server wants to be asked again. */
  retryAfter?: number;
  requestId?: string;
}

/** What the API says of an error, in its body. */
export interface ErrorBody {
  message?: string;
  code?: string | number | null;
}

const STATUS_CODES: Record<number, Word> = {
  413: "error_request_too_large",
  504: "error_deadline_exceeded",
};
const MINUTE = 60;
/** Trying again would help nobody here, or would prolong it. */
const FINAL = new Set(["risk_control", "account_banned", "insufficient_quota", "misconfigured", "daily_limit"]);

/** Something that went wrong, in words for the reader. */
export class Problem extends Error {
  constructor(
    readonly word: Word | "",
    readonly values: Values = {},
    readonly facts: Facts = {},
  ) {
    super(word || facts.message);
  }

  private readonly since = Date.now();

  /** One sentence or two, in the reader's language; the server's own where the page knows nothing better. */
  get wording(): string {
    return this.word ? t(this.word, this.values) : (this.facts.message ?? "");
  }

  /** Nobody should try the same again. */
  get isFinal(): boolean {
    return FINAL.has(this.facts.code ?? "");
  }

  /** Seconds until the server wants to be asked again. */
  get left(): number {
    return Math.max(0, Math.ceil((this.facts.retryAfter ?? 0) - (Date.now() - this.since) / 1000));
  }

  /** What the server said, where the page has said something else. */
  get detail(): string {
    return this.word ? (this.facts.message ?? "") : "";
  }

  /** When to try again: it counts down. */
  get again(): string {
    const seconds = this.left;
    if (!seconds || this.isFinal) return "";
    return seconds > 2 * MINUTE
      ? t("again_in_minutes", { minutes: Math.ceil(seconds / MINUTE) })
      : t("again_in", { seconds });
  }
}

/** The problem that an error of the API is. `status` is 0 for one in the middle of a stream. */
export function refusal(error: ErrorBody | undefined, status: number, headers?: Headers): Problem {
  const facts: Facts = { status };
  if (error?.message) facts.message = error.message;
  if (error?.code) facts.code = String(error.code);
  const wait = Number(headers?.get("retry-after"));
  if (wait > 0) facts.retryAfter = wait;
  const id = headers?.get("x-request-id");
  if (id) facts.requestId = id;

  const byCode = `error_${facts.code}`;
  if (isWord(byCode)) return new Problem(byCode, {}, facts);
  if (facts.message) return new Problem("", {}, facts);
  const byStatus = STATUS_CODES[status];
  if (byStatus) return new Problem(byStatus, {}, facts);
  return status ? new Problem("status", { status }, facts) : new Problem("broke_off", {}, facts);
}

/** Any error as a problem. What nobody foresaw is also written to the console. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  console.error(error);
  return new Problem("", {}, { message: String(error) });
}
