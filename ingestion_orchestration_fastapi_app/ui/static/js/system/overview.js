// What runs and what it takes, at a glance.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { bytes, duration, number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { trouble } from "../parts/states.js";
import { inItsWords } from "../parts/words.js";
import { chart } from "./chart.js";
import { collectionTable } from "./collections.js";
import { badgeOf, facts } from "./facts.js";

const LOOK_MS = 10_000;
/** @typedef {import("../types").Capabilities} Capabilities */
/** @typedef {import("../types").SystemFacts} SystemFacts */

/** @param {HTMLElement} badge where it is said whether all is well @returns {import("./page.js").Part} */
export function openOverview(badge) {
  const charts = h("div", { class: "charts" }), table = collectionTable();
  const services = h("div", { class: "columns" }), storage = h("div", {});
  const element = h("div", { class: "stack system-stack" }, charts, table.element, services, storage);
  let isLeft = false;
  const load = async () => {
    try {
      const [system, series, told] = await Promise.all([call("/system"), call("/system/series"), call("/capabilities")]);
      if (isLeft) return; // the badge stands over the other parts, too
      fill(charts, ...chartsOf(series.points));
      fill(services, ...inferenceCards(told), orchestratorCard(system));
      fill(storage, storageCard(system.storage));
      showHealth(badge, told);
    } catch (error) {
      fill(services, trouble(error, () => void load()));
    }
  };
  void load();
  const timer = window.setInterval(() => { if (!document.hidden) void load(); }, LOOK_MS);
  return { element, leave: () => { isLeft = true; clearInterval(timer); table.leave(); } };
}

/** @param {HTMLElement} badge @param {Capabilities} told */
function showHealth(badge, told) {
  const away = told.inference_services.filter((one) => one.state === "away").length;
  const isWell = away === 0;
  badge.className = `badge ${isWell ? "ok" : "warn"}`;
  badge.textContent = isWell ? t("system.well") : t("system.services_away", { count: away });
  badge.hidden = false;
}

/** @param {import("../types").SeriesPoint[]} points */
function chartsOf(points) {
  const last = (/** @type {(number | null)[]} */ values) => values.findLast((one) => one !== null) ?? null;
  const shown = (/** @type {number | null} */ value, digits = 0) => (value === null ? "–" : number(value, digits));
  const search = points.map((one) => one.search_p95_ms), embedded = points.map((one) => one.embedded_per_s), waiting = points.map((one) => one.waiting_images);
  const memory = points.map((one) => one.resident_bytes);
  const [size = "–", unit = ""] = bytes(memory.at(-1) ?? 0).split(" ");
  return [
    chart({ label: t("system.search_p95"), value: shown(last(search)), unit: "ms", points: search }),
    chart({ label: t("system.embedded"), value: shown(last(embedded), 1), unit: t("system.per_second"), points: embedded }),
    chart({ label: t("system.waiting"), value: shown(last(waiting)), unit: t("system.images"), points: waiting }),
    chart({ label: t("system.memory"), value: size, unit, points: memory }),
  ];
}

/** @param {Capabilities} told */
function inferenceCards(told) {
  const { ml } = told;
  return told.inference_services.map((one, at) => {
    const own = at === 0 || one.fingerprint === ml?.clip.fingerprint ? ml : null;
    const badge = one.state === "ready" ? badgeOf(t("system.model_loaded"), "ok") : badgeOf(t(`system.state_${one.state}`), "warn");
    return facts(t("system.inference"), badge, [
      [t("system.address"), h("code", {}, one.url)],
      [t("system.detail"), inItsWords(one.detail)],
      [t("system.model"), own ? `${own.clip.model} · ${own.clip.weights}` : one.models.join(", ")],
      [t("system.length"), own ? t("system.numbers", { count: own.clip.dim }) : null],
      [t("system.device"), own?.device],
      [t("system.dtype"), own ? [own.clip.dtype, own.clip.compiled ? t("system.compiled") : ""].filter(Boolean).join(" · ") : null],
      [t("system.safe_batch"), own ? t("system.batch_images", { count: own.safe_clip_batch }) : null],
      [t("system.speed"), own?.images_per_s ? `${number(own.images_per_s)} ${t("system.per_second")}` : null],
      [t("system.captions"), told.captions_available ? t("system.captions_on") : h("div", {}, t("system.captions_off"), inItsWords(told.captioners[0]?.detail))],
    ]);
  });
}

/** @param {SystemFacts} system */
function orchestratorCard(system) {
  const { jobs, host } = system;
  return facts(t("system.orchestrator"), badgeOf(t("system.running"), "ok"), [
    [t("system.version"), `${system.version} · ${t("system.schema", { version: system.schema_version })}`],
    ["Python", system.python],
    [t("system.jobs"), t("system.jobs_said", { running: jobs.running, waiting: jobs.queued + jobs.waiting_for_ml, paused: jobs.paused })],
    [t("system.uptime"), duration(system.uptime_s)],
    [t("system.host"), t("system.host_said", { cores: host.cores, memory: bytes(host.memory_bytes) })],
    [t("system.key"), t(system.key.is_set ? "system.key_set" : "system.key_unset")],
    [t("system.libraries"), Object.entries(system.libraries).map(([name, version]) => `${name} ${version}`).join(", ")],
  ]);
}

/** @param {SystemFacts["storage"]} storage */
function storageCard(storage) {
  const parts = storage.parts.flatMap((one) => (one.bytes ? [{ name: t(`system.store_${one.name}`), size: one.bytes, limit: one.limit_bytes }] : []));
  return h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h2", {}, t("system.storage")), h("span", { class: "quiet" }, t("system.used", { used: bytes(storage.used_bytes), free: storage.free_bytes === null ? "–" : bytes(storage.free_bytes) }))),
    h("div", { class: "bar storage", "aria-hidden": "true" }, ...parts.map((one) => h("span", { style: { "flex-grow": String(one.size) } }))),
    h("ul", { class: "legend storage-legend" }, ...parts.map((one) => h("li", {}, h("span", { class: "swatch" }), `${one.name} ${bytes(one.size)}${one.limit ? ` / ${bytes(one.limit)}` : ""}`))));
}
