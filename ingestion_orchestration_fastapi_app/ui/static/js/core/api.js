// Calls of the API beside the app. Who calls is told by the session's cookie, which no script sees.
import { emit, on } from "./bus.js";

const PATIENCE_MS = 30_000;
/** With a page of its own a proxy says so, that reaches nobody. */
const AWAY = [502, 503, 504];

/** Below which path the app is served; empty, or `/name`. */
export const root = document.documentElement.dataset.root ?? "";

/** What went wrong, as the service says it (RFC 9457), or as the browser found it: then the code is `OFFLINE` or `TIMEOUT`. */
export class Problem extends Error {
  /** @param {{code?: string, detail?: string, title?: string, request_id?: string, retry_after_ms?: number}} body @param {number} status */
  constructor(body, status) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.code = body.code ?? "ERR_INTERNAL";
    this.status = status;
    this.requestId = body.request_id ?? null;
    this.retryAfterMs = body.retry_after_ms ?? null;
  }
}

/** @typedef {Record<string, string | number | boolean | null | undefined | (string | number)[]>} Query */

/** A path of the service's, with parameters; what is null or undefined is left out. @param {string} path @param {Query} [query] */
export function url(path, query = {}) {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined) given.append(name, String(one));
    }
  }
  const text = given.toString();
  return `${root}/api/v1${path}${text ? `?${text}` : ""}`;
}

/**
 * The answer's JSON, null where it has none. Throws Problem, or the signal's AbortError.
 * @param {string} path
 * @param {{method?: string, query?: Query, body?: unknown, form?: FormData, signal?: AbortSignal, patience_ms?: number}} [options]
 * @returns {Promise<any>}
 */
export async function call(path, { method, query, body, form, signal, patience_ms = PATIENCE_MS } = {}) {
  const late = AbortSignal.timeout(patience_ms);
  const asked = {
    method: method ?? (body === undefined && form === undefined ? "GET" : "POST"),
    body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
    headers: body === undefined ? undefined : { "Content-Type": "application/json" },
    signal: signal ? AbortSignal.any([signal, late]) : late,
  };
  let response, text;
  try {
    response = await fetch(url(path, query), asked);
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    emit("offline");
    throw new Problem({ code: late.aborted ? "TIMEOUT" : "OFFLINE" }, 0);
  }
  const answer = parsed(text);
  if (!answer && AWAY.includes(response.status)) {
    emit("offline");
    throw new Problem({ code: "OFFLINE" }, 0);
  }
  emit("online");
  if (response.ok) return answer;
  if (response.status === 401 && path !== "/session") emit("expired");
  throw new Problem(answer ?? {}, response.status);
}

/** @param {string} text */
function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null; // a proxy's page
  }
}

/**
 * A part of the app that is loaded when it is needed. Throws Problem where nobody answers: browsers keep that, so that the page is loaded anew
 * when somebody is back.
 * @template T
 * @param {Promise<T>} loading an `import(…)` @returns {Promise<T>}
 */
export async function part(loading) {
  try {
    return await loading;
  } catch (error) {
    if (!(error instanceof TypeError) || !/dynamically imported|module script/.test(error.message)) throw error;
    on("back", () => location.reload());
    emit("offline");
    throw new Problem({ code: "OFFLINE" }, 0);
  }
}

/** Whether an error is only that somebody stopped waiting. @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";
