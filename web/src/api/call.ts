import { type ErrorBody, Problem, refusal } from "./problem";

interface Options {
  key?: string;
  body?: unknown;
  signal?: AbortSignal;
  method?: string;
}

/** Call the API. Throws a `Problem` for everything but a good answer, and what aborts it if it is aborted. */
export async function call(path: string, { key, body, signal, method }: Options = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  if (key) headers["authorization"] = `Bearer ${key}`;
  const request: RequestInit = { method: method ?? (body === undefined ? "GET" : "POST"), headers };
  if (signal) request.signal = signal;
  if (body !== undefined) {
    headers["content-type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch (error) {
    throw signal?.aborted ? error : new Problem("offline");
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw refusal(errorOf(answer), response.status, response.headers);
}

/** The JSON of an answer. */
export async function json<T>(response: Response): Promise<T> {
  return response.json().catch(() => {
    throw refusal(undefined, response.status, response.headers);
  });
}

function errorOf(answer: { error?: ErrorBody | string }): ErrorBody | undefined {
  return typeof answer.error === "string" ? { message: answer.error } : answer.error;
}
