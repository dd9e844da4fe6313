// The search page: one form, one grid, the latest jobs. It speaks only to the API beside it.
const API = "api/v1"; // relative: a proxy may serve the page below a path
const PAGE = 60;
const FINAL = new Set(["completed", "failed", "cancelled"]);
const at = (id) => document.getElementById(id);
let asked = null; // what the grid shows: {query, collection}, and the cursor of what comes next
let turn = 0; // an answer that comes after a newer question is dropped

class Problem extends Error {
  constructor(body, status) {
    super(body.detail ? `${body.detail} (${body.code})` : `The service answered HTTP ${status}.`);
    this.status = status;
  }
}

// Who calls is told by the session's cookie, which no script sees.
async function call(path, body, method = body ? "POST" : "GET") {
  const sent = body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  let response;
  try {
    response = await fetch(API + path, { method, ...sent });
  } catch {
    throw new Error("The service does not answer. Is it running?");
  }
  const answer = await response.json().catch(() => ({}));
  // What the answer says of headers is for programs.
  if (response.status === 401 && path !== "/session") answer.detail = "Log in with the API key of this service.";
  if (!response.ok) throw new Problem(answer, response.status);
  return answer;
}

function say(error) {
  at("message").hidden = !error;
  at("message").textContent = error ? error.message : "";
  if (error?.status === 401) at("login").hidden = false;
}

function card(hit) {
  const item = at("hit").content.cloneNode(true);
  Object.assign(item.querySelector("img"), { alt: hit.caption ?? hit.filename, src: hit.thumbnail_url });
  Object.assign(item.querySelector("a"), { href: hit.file_url, title: hit.path });
  item.querySelector(".name").textContent = hit.stale ? `${hit.filename} (changed since)` : hit.filename;
  item.querySelector(".score").textContent = hit.score.toFixed(3);
  return item;
}

// The day here, which need not be the service's.
function localDay() {
  const now = new Date();
  return new Date(now - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
}

// What the service read of dates and places in the question.
function read(answer) {
  const parts = (answer.understood?.parts ?? []).filter((part) => part.applied);
  return parts.map((part) =>
    part.kind === "place"
      ? `“${part.text}” is read as ${part.city.name}, ${part.city.country}.`
      : `“${part.text}” is read as ${part.first ?? "…"} to ${part.last ?? "…"}.`,
  );
}

async function search(question) {
  const mine = ++turn;
  at("summary").textContent = "Searching";
  try {
    const today = question.today ?? localDay();
    const answer = await call("/search/text", { ...question, today, parse: true, limit: PAGE });
    if (mine !== turn) return;
    asked = { ...question, today, cursor: answer.cursor };
    say(null);
    if (!question.cursor) at("results").replaceChildren();
    at("results").append(...answer.results.map(card));
    const count = at("results").childElementCount;
    const said = count ? `${count} best matches for “${question.query}”.` : "Nothing found.";
    at("summary").textContent = [said, ...read(answer), ...answer.warnings.map((one) => `Warning: ${one}.`)].join(" ");
    at("more").hidden = !answer.cursor;
  } catch (error) {
    if (mine !== turn) return;
    at("summary").textContent = "";
    say(error);
  }
}

async function loadCollections() {
  const { collections } = await call("/collections");
  const chosen = at("collection").value || new URLSearchParams(location.search).get("collection");
  at("collection").replaceChildren(
    ...collections.map(({ name, count, detail }) => {
      const text = `${name} (${count?.toLocaleString() ?? "damaged"})`;
      const option = new Option(text, name, false, name === (chosen || "default"));
      option.title = detail ?? "";
      return option;
    }),
  );
  const damaged = collections.filter(({ detail }) => detail);
  if (damaged.length) at("summary").textContent = damaged.map(({ detail }) => detail).join(" ");
  if (!collections.length) at("summary").textContent = "No photos yet. In the folder of Photoseek: .venv/bin/photoseek ingest DIR (see Start in its README).";
}

function jobLine(job) {
  const item = at("job").content.cloneNode(true);
  const { failed } = job.counts;
  const more = job.paths.length > 1 ? ` and ${job.paths.length - 1} more` : "";
  const place = job.directory_path ? job.directory_path + more : job.collection;
  item.querySelector(".kind").textContent = job.kind;
  item.querySelector(".state").textContent = job.state.replaceAll("_", " ");
  item.querySelector(".folder").textContent = place;
  const bar = item.querySelector("progress");
  bar.hidden = FINAL.has(job.state);
  bar.setAttribute("aria-label", `Progress of ${place}`);
  if (job.total !== null) Object.assign(bar, { max: Math.max(job.total, 1), value: job.done });
  const of = (job.total ?? job.counts.found).toLocaleString();
  const parts = [`${job.done.toLocaleString()} of ${of} files`];
  if (failed) parts.push(`${failed.toLocaleString()} failed`);
  if (!FINAL.has(job.state)) parts.push(`${job.rate_images_per_s} images/s`);
  if (job.origin === "watch") parts.push("by watching");
  if (job.reason) parts.push(job.reason);
  item.querySelector(".counts").textContent = parts.join(", ");
  return item;
}

let running = false;
async function refresh() {
  let wait = 5000;
  try {
    const { jobs } = await call("/jobs?limit=10");
    at("jobs").replaceChildren(...jobs.map(jobLine));
    const now = jobs.some((job) => !FINAL.has(job.state));
    if (now || running || !at("collection").length) await loadCollections();
    running = now;
    wait = now ? 1000 : 5000;
    if (!asked) say(null);
  } catch (error) {
    say(error);
    if (error.status === 401) return; // the login loads the page anew
  }
  setTimeout(refresh, document.hidden ? 15000 : wait);
}

at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const query = at("query").value.trim();
  const collection = at("collection").value || "default";
  if (!query) return;
  history.replaceState(null, "", `?${new URLSearchParams({ q: query, collection })}`);
  search({ query, collection });
});
at("more").addEventListener("click", () => search(asked));
at("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = at("key").value;
  at("key").value = "";
  await call("/session", { key }).then(() => location.reload(), say);
});
at("logout").addEventListener("click", () => call("/session", null, "DELETE").then(() => location.reload(), say));

// Before anything is waited for: what somebody types meanwhile stays.
const linked = new URLSearchParams(location.search).get("q") ?? "";
if (linked) at("query").value = linked;
const caller = await call("/session").catch(() => null);
at("logout").hidden = caller?.name !== "session";
await refresh();
if (linked && turn === 0) at("search").requestSubmit();
