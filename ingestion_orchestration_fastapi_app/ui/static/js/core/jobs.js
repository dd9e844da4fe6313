// Which jobs run, and when one has ended.
import { call } from "./api.js";

/** @typedef {import("../types").Job} Job */

const FINAL = ["completed", "failed", "cancelled"];
const RUNNING = ["queued", "running", "waiting_for_ml"];

/** @param {Pick<Job, "state">} job */
export const hasEnded = (job) => FINAL.includes(job.state);

/** The newest that runs or waits; null where none does. One that is paused rests. @param {{kind?: string, collection?: string}} [which] @returns {Promise<Job | null>} */
export async function runningJob(which = {}) {
  const { jobs } = await call("/jobs", { query: { ...which, state: RUNNING, limit: 1 } });
  return jobs[0] ?? null;
}
