// Sends pictures of this computer into the inbox, in calls one after the other. It waits where nobody answers or the session has ended.
import { Problem, call, url } from "../core/api.js";
import { emit, on } from "../core/bus.js";

/** @typedef {import("../types").UploadedFile} Uploaded */
/** `waiting`: for whom. @typedef {{loaded: (bytes: number) => void, waiting: (why: "login" | "service") => void}} Told */
/** `rest`: what was not sent. `fault`: why, null where all was, or somebody broke it off. @typedef {{outcomes: Uploaded[], job: string | null, rest: File[], fault: unknown}} Sent */

/** What one call takes: a line that breaks costs little of it. */
const MOST_FILES = 100, MOST_BYTES = 200_000_000;
const MOST_TRIES = 3, STALLED_MS = 120_000;

/** @param {File[]} files @returns {File[][]} */
function calls(files) {
  /** @type {File[][]} */
  const found = [];
  let room = 0;
  for (const file of files) {
    const last = found.at(-1);
    if (last && last.length < MOST_FILES && file.size <= room) last.push(file);
    else [room] = [MOST_BYTES, found.push([file])];
    room -= file.size;
  }
  return found;
}

/** @param {File[]} files */
export const sizeOf = (files) => files.reduce((sum, one) => sum + one.size, 0);

/** What came there before a call failed is `already_there` when it is sent again. @param {File[]} files @param {string} collection @param {AbortSignal} signal @param {Told} told @returns {Promise<Sent>} */
export async function sendAll(files, collection, signal, told) {
  /** @type {Sent} */
  const sent = { outcomes: [], job: null, rest: [...files], fault: null };
  let before = 0;
  try {
    for (const some of calls(files)) {
      const answer = await stubborn(() => post(some, collection, signal, (bytes) => told.loaded(before + Math.min(bytes, sizeOf(some)))), signal, told);
      before += sizeOf(some);
      sent.outcomes.push(...answer.files);
      sent.job = answer.job_id ?? sent.job;
      sent.rest.splice(0, some.length);
    }
  } catch (error) {
    if (!signal.aborted) sent.fault = error;
  }
  return sent;
}

/** @template T @param {() => Promise<T>} act @param {AbortSignal} signal @param {Told} told @returns {Promise<T>} */
async function stubborn(act, signal, told) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      const isLost = error instanceof Problem && (error.status === 401 || error.code === "OFFLINE");
      if (signal.aborted || !isLost || tries === MOST_TRIES) throw error;
    }
    await answered(signal, told);
  }
}

/** Until somebody answers who knows the caller. A service that refuses a body may close its line before it says why. @param {AbortSignal} signal @param {Told} told */
async function answered(signal, told) {
  for (;;) {
    try {
      return await call("/session", { signal });
    } catch (error) {
      if (signal.aborted || !(error instanceof Problem)) throw error;
      const isExpired = error.status === 401;
      if (!isExpired && error.status !== 0) throw error;
      told.waiting(isExpired ? "login" : "service");
      const back = untilBack(signal);
      if (isExpired) emit("expired");
      await back;
    }
  }
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
function untilBack(signal) {
  return new Promise((resolve, reject) => {
    const end = on("back", () => { end(); resolve(); });
    signal.addEventListener("abort", () => { end(); reject(signal.reason); }, { once: true });
  });
}

/** `fetch` does not tell how far it is. @param {File[]} files @param {string} collection @param {AbortSignal} signal @param {(loaded: number) => void} loaded @returns {Promise<{files: Uploaded[], job_id: string | null}>} */
function post(files, collection, signal, loaded) {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let stalled = 0, code = "OFFLINE";
    const abort = () => request.abort();
    const alive = () => {
      clearTimeout(stalled);
      stalled = window.setTimeout(() => { code = "TIMEOUT"; abort(); }, STALLED_MS);
    };
    request.open("POST", url("/ingest/upload", { collection }));
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => { alive(); loaded(event.loaded); });
    request.addEventListener("load", () => (request.status < 300 ? resolve(request.response) : reject(new Problem(request.response ?? {}, request.status))));
    for (const end of ["error", "abort"]) request.addEventListener(end, () => reject(new Problem({ code }, 0)));
    request.addEventListener("loadend", () => {
      clearTimeout(stalled);
      signal.removeEventListener("abort", abort);
    });
    signal.addEventListener("abort", abort);
    alive();
    request.send(form);
  });
}
