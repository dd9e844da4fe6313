// Pictures of this computer, sent into the inbox and imported from there.
import { Problem, call, url } from "../core/api.js";
import { emit } from "../core/bus.js";
import { fill, h } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { has, t } from "../core/i18n.js";
import { go } from "../core/router.js";
import { collectionInUse } from "../core/session.js";
import { bytes, number } from "../core/format.js";
import { button } from "../parts/controls.js";
import { sentence } from "../parts/states.js";
import { jobAddress } from "./card.js";

/** @typedef {import("../types").UploadedFile} Uploaded */

/** What one call takes: a line that breaks costs little of it. */
const MOST_FILES = 100, MOST_BYTES = 200_000_000;

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

export function uploadCard() {
  const collection = collectionInUse();
  const input = h("input", { type: "file", multiple: true, class: "hidden", tabIndex: -1, "aria-label": t("imports.upload") });
  const said = h("div", { class: "stack", "aria-live": "polite" });
  const zone = h("div", { class: "drop" }, icon("upload"), h("p", {}, t("imports.drop")), button(t("imports.choose_files"), { onclick: () => input.click() }), input);
  const element = h("section", { class: "card stack" }, h("div", {}, h("h2", {}, t("imports.upload")), h("p", { class: "meta" }, t("imports.upload_text"))), zone, said);
  /** @type {XMLHttpRequest | null} */
  let sending = null;

  /** @param {File[]} files */
  const send = async (files) => {
    if (!files.length || sending) return;
    const size = files.reduce((sum, one) => sum + one.size, 0);
    const bar = h("span", {}), words = h("p", { class: "quiet" });
    zone.hidden = true;
    fill(said, h("div", { class: "bar", role: "progressbar", "aria-label": t("imports.uploading"), "aria-valuemin": 0, "aria-valuemax": 100 }, bar), words, h("div", { class: "row" }, button(t("cancel"), { onclick: () => sending?.abort() })));
    let before = 0;
    const show = (/** @type {number} */ loaded) => {
      const share = size ? Math.min(1, (before + loaded) / size) : 1;
      bar.style.width = `${share * 100}%`;
      bar.parentElement?.setAttribute("aria-valuenow", String(Math.round(share * 100)));
      words.textContent = t("imports.upload_progress", { done: bytes(Math.min(size, before + loaded)), all: bytes(size) });
    };
    show(0);
    /** @type {Uploaded[]} */
    const outcomes = [];
    /** @type {string | null} */
    let job = null;
    /** @type {unknown} */
    let fault = null;
    try {
      for (const some of calls(files)) {
        const answer = await post(some, collection, show, (request) => { sending = request; });
        before += some.reduce((sum, one) => sum + one.size, 0);
        outcomes.push(...answer.files);
        job = answer.job_id ?? job;
      }
    } catch (error) {
      fault = error;
    }
    sending = null;
    zone.hidden = false;
    fill(said, ...result(outcomes, job, fault));
    emit("jobs");
  };
  input.addEventListener("change", () => {
    void send([...(input.files ?? [])]);
    input.value = "";
  });
  const over = (/** @type {boolean} */ is) => zone.classList.toggle("over", is);
  zone.addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
  zone.addEventListener("dragleave", () => over(false));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    over(false);
    void send([...(event.dataTransfer?.files ?? [])]);
  });
  return { element, leave: () => sending?.abort() };
}

/** `fetch` does not tell how far it is. @param {File[]} files @param {string} collection @param {(loaded: number) => void} loaded @param {(request: XMLHttpRequest) => void} begun @returns {Promise<{files: Uploaded[], job_id: string | null}>} */
function post(files, collection, loaded, begun) {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url("/ingest/upload", { collection }));
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => loaded(event.loaded));
    request.addEventListener("load", () => (request.status < 300 ? resolve(request.response) : reject(new Problem(request.response ?? {}, request.status))));
    request.addEventListener("error", () => reject(new Problem({ code: "OFFLINE" }, 0)));
    request.addEventListener("abort", () => reject(null));
    begun(request);
    request.send(form);
  });
}

/** @param {Uploaded[]} outcomes @param {string | null} job @param {unknown} fault null: it was broken off, or nothing went wrong */
function result(outcomes, job, fault) {
  const refused = outcomes.filter((one) => one.outcome === "refused");
  const counts = /** @type {const} */ (["stored", "already_there", "refused"]).map((name) => /** @type {const} */ ([name, outcomes.filter((one) => one.outcome === name).length]));
  const watch = job && button(t("job.watch"), { onclick: () => go(jobAddress(job)) });
  return [
    fault ? h("p", { class: "error", role: "alert" }, sentence(fault)) : null,
    outcomes.length ? h("p", {}, counts.filter(([, count]) => count).map(([name, count]) => t(`imports.uploaded.${name}`, { count })).join(" · ")) : null,
    refused.length ? h("ul", { class: "paths" }, ...refused.slice(0, 20).map((one) => h("li", {}, h("strong", {}, one.name), ` ${one.code && has(`code.${one.code}`) ? t(`code.${one.code}`) : one.detail ?? ""}`))) : null,
    refused.length > 20 ? h("p", { class: "meta" }, `… ${number(refused.length - 20)}`) : null,
    watch ? h("div", { class: "row" }, watch) : null,
  ].filter((one) => one !== null);
}

/** Where nothing may be kept there is no inbox. */
export const hasInbox = async () => (await call("/roots")).roots.some((/** @type {{source: string}} */ one) => one.source === "inbox");
