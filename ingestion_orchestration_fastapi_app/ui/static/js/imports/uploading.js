// The upload that runs: it goes on whatever place is shown, small at the edge of the window. What went wrong stays there until somebody has seen it.
import { emit } from "../core/bus.js";
import { fill, h } from "../core/dom.js";
import { bytes, number } from "../core/format.js";
import { has, t } from "../core/i18n.js";
import { go } from "../core/router.js";
import { whileUnfinished } from "../core/unfinished.js";
import { button, iconButton } from "../parts/controls.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { jobAddress } from "./card.js";
import { sendAll, sizeOf } from "./sending.js";

const MOST_LISTED = 20;
const progress = h("div", { class: "upload-progress" }), said = h("div", { class: "stack", "aria-live": "polite" });
const panel = h("section", { class: "upload", "aria-label": t("imports.uploading") }, progress, said);
/** @type {AbortController | null} */
let running = null;

export const isUploading = () => running !== null;

function clear() {
  fill(progress);
  fill(said);
  panel.remove();
}

/** One at a time; `uploads` tells when it begins and ends. @param {File[]} files @param {string} collection */
export async function upload(files, collection) {
  if (!files.length || running) return;
  const mine = (running = new AbortController());
  let isLeft = false;
  const ended = whileUnfinished(() => { isLeft = true; mine.abort(); });
  const size = sizeOf(files), bar = h("span", {}), words = h("p", { class: "meta" });
  const track = h("div", { class: "bar", role: "progressbar", "aria-label": t("imports.uploading"), "aria-valuemin": 0, "aria-valuemax": 100 }, bar);
  const loaded = (/** @type {number} */ sent) => {
    const percent = Math.round(size ? (sent / size) * 100 : 100);
    bar.style.width = `${percent}%`;
    track.setAttribute("aria-valuenow", String(percent));
    words.textContent = t("imports.upload_progress", { done: bytes(sent), all: bytes(size) });
  };
  loaded(0);
  fill(said);
  fill(progress, track, words, iconButton("close", t("imports.upload_cancel"), { onclick: () => mine.abort() }));
  document.body.append(panel);
  emit("uploads");
  const sent = await sendAll(files, collection, mine.signal, { loaded, waiting: (why) => { words.textContent = t(`imports.upload_waits.${why}`); } });
  running = null;
  ended();
  clear();
  if (isLeft) return; // the login tells it, and nothing else is seen any more
  tell(sent, collection);
  emit("uploads");
  emit("jobs");
}

/** @param {import("./sending.js").Sent} sent @param {string} collection */
function tell({ outcomes, job, rest, fault }, collection) {
  const refused = outcomes.filter((one) => one.outcome === "refused");
  const counts = /** @type {const} */ (["stored", "already_there", "refused"]).map((name) => /** @type {const} */ ([name, outcomes.filter((one) => one.outcome === name).length]));
  const counted = counts.filter(([, count]) => count).map(([name, count]) => t(`imports.uploaded.${name}`, { count })).join(" · ");
  const watch = job ? { label: t("job.watch"), act: () => go(jobAddress(job)) } : undefined;
  if (!rest.length && !refused.length) return toast(t("imports.uploaded", { counts: counted }), watch);
  document.body.append(panel);
  fill(said, // read out, since it stands there already
    iconButton("close", t("close"), { onclick: clear }),
    fault ? h("p", { class: "error" }, sentence(fault)) : null,
    rest.length ? h("p", {}, t("imports.upload_unsent", { count: rest.length })) : null,
    counted ? h("p", {}, counted) : null,
    refused.length ? h("ul", { class: "paths" }, ...refused.slice(0, MOST_LISTED).map((one) => h("li", {}, h("strong", {}, one.name), ` ${one.code && has(`code.${one.code}`) ? t(`code.${one.code}`) : one.detail ?? ""}`))) : null,
    refused.length > MOST_LISTED ? h("p", { class: "meta" }, `… ${number(refused.length - MOST_LISTED)}`) : null,
    h("div", { class: "row" }, watch ? button(watch.label, { onclick: watch.act }) : null, rest.length ? button(t("imports.upload_rest"), { onclick: () => void upload(rest, collection) }) : null));
}
