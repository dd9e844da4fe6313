// Follows jobs: a few by events, the others by asking now and then; nothing while nobody sees the page.
import { Problem, call, url } from "../core/api.js";
import { emit, on } from "../core/bus.js";
import { hasEnded } from "../core/jobs.js";

/** @typedef {import("../types").Job} Job */

const STREAMS = 3; // a browser has six connections to a host, for all its tabs
const ASK_MS = 3000, REST_MS = 1000;
let streams = 0;

/**
 * Tells the job once a second at most, and at once when its state changes, until it has ended. What is returned ends it earlier.
 * @param {Job} job @param {(job: Job) => void} tell
 */
export function follow(job, tell) {
  let newest = job, told_ms = 0, timer = 0, waiting = 0, turn = 0, isOver = hasEnded(job);
  /** @type {EventSource | null} */
  let source = null;

  const flush = () => {
    clearTimeout(waiting);
    [waiting, told_ms] = [0, performance.now()];
    tell(newest);
    if (!hasEnded(newest)) return;
    emit("jobs");
    emit("images");
  };
  /** @param {Job} now */
  const heard = (now) => {
    if (isOver) return;
    const hasMoved = now.state !== newest.state;
    newest = now;
    if (hasEnded(now)) stop();
    if (hasMoved || isOver) flush();
    else waiting ||= window.setTimeout(flush, Math.max(0, told_ms + REST_MS - performance.now()));
  };
  const ask = async () => {
    const mine = turn;
    timer = 0;
    try {
      heard(await call(`/jobs/${job.job_id}`));
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return stop();
      if (error instanceof Problem && error.status === 401) return; // until somebody is back
    }
    if (mine === turn && !isOver && !document.hidden) timer = window.setTimeout(ask, ASK_MS);
  };
  const rest = () => {
    clearTimeout(timer);
    [timer, turn] = [0, turn + 1]; // who is asking now asks no more
    if (!source) return;
    source.close();
    source = null;
    streams -= 1;
  };
  const begin = () => {
    rest();
    if (isOver || document.hidden) return;
    if (streams >= STREAMS) return void ask();
    streams += 1;
    source = new EventSource(url(`/jobs/${job.job_id}/events`));
    let isCut = false;
    source.addEventListener("message", (event) => {
      isCut = false;
      heard(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      if (source?.readyState !== EventSource.CLOSED) { // it comes back by itself
        if (!isCut) call(`/jobs/${job.job_id}`).then(heard, () => {}); // whether nobody answers is said at once
        isCut = true;
        return;
      }
      rest();
      timer = window.setTimeout(ask, ASK_MS);
    });
  };
  const again = on("back", () => { if (!source) begin(); });
  const stop = () => {
    isOver = true;
    rest();
    again();
    document.removeEventListener("visibilitychange", begin);
  };
  document.addEventListener("visibilitychange", begin);
  begin();
  return () => {
    stop();
    clearTimeout(waiting);
  };
}
