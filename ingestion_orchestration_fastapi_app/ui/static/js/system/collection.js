// One collection: its generations, folders, index and disk, and what can be done to it.
import { call } from "../core/api.js";
import { emit } from "../core/bus.js";
import { fill, h } from "../core/dom.js";
import { ago, bytes, moment, number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { go, href } from "../core/router.js";
import { naming } from "../core/session.js";
import { button, iconButton } from "../parts/controls.js";
import { confirm } from "../parts/dialog.js";
import { hangMenu } from "../parts/menu.js";
import { sentence, trouble } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { inItsWords, kindName, text } from "../parts/words.js";
import { remove, rename } from "./collections.js";
import { badgeOf, facts } from "./facts.js";

/** @typedef {import("../types").CollectionDetail} CollectionDetail */
/** @typedef {NonNullable<CollectionDetail["generation"]>} Generation */

/** @param {string} name @returns {import("./page.js").Part} */
export function openCollection(name) {
  const element = h("div", { class: "stack system-stack" });
  const path = `/collections/${encodeURIComponent(name)}`;
  const load = async () => {
    try {
      /** @type {CollectionDetail} */
      const one = await call(path);
      fill(element, head(one), h("div", { class: "columns" }, about(one), space(one)), generations(one, path, load), folders(one));
    } catch (error) {
      fill(element, trouble(error, () => void load()));
    }
  };
  void load();
  return { element };
}

/** @param {CollectionDetail} one */
const head = (one) =>
  h("div", { class: "page-head" }, h("a", { href: href("/system") }, t("nav.system")), h("h2", { class: "grow" }, one.name),
    button(t("system.show_photos"), { icon: "image", href: href("/", naming(one.name)) }),
    button(t("system.rename"), { icon: "edit", onclick: () => void rename(one.name) }),
    button(t("system.delete"), { icon: "trash", kind: "danger", onclick: () => void remove(one) }));

/** @param {CollectionDetail} one */
function about(one) {
  const job = one.last_job;
  return facts(t("system.details"), badgeOf(t(one.state === "ready" ? "system.ready" : "system.damaged"), one.state === "ready" ? "ok" : "bad"), [
    [t("system.column_photos"), one.count === null ? "–" : number(one.count)],
    [t("system.column_model"), one.model],
    [t("system.fingerprint"), one.fingerprint ? h("code", {}, one.fingerprint) : null],
    [t("system.made"), one.created_at ? moment(one.created_at) : null],
    [t("system.last_job"), job ? h("a", { href: href(`/imports/${job.job_id}`) }, `${kindName(job.kind)} · ${job.finished_at ? ago(job.finished_at) : t(`job.state.${job.state}`)}`) : null],
    [t("system.detail"), one.detail ? h("div", {}, t("system.import_again"), inItsWords(one.detail)) : null],
  ]);
}

/** @param {CollectionDetail} one */
function space({ disk, index, trash }) {
  return facts(t("system.storage"), null, [
    [t("system.store_vectors"), disk ? bytes(disk.vectors) : null],
    [t("system.store_older"), disk?.other_vectors ? bytes(disk.other_vectors) : null],
    [t("system.store_words"), disk ? bytes(disk.words) : null],
    [t("system.index"), index ? t("system.index_said", { indexed: index.indexed, all: index.indexed + index.unindexed }) : null],
    [t("system.trash"), trash.points ? t("system.trash_said", { count: trash.points, size: bytes(trash.bytes), until: trash.last_expires_at ? moment(trash.last_expires_at) : "" }) : t("system.trash_empty")],
  ]);
}

/** @param {CollectionDetail} one @param {string} path @param {() => Promise<void>} again */
function generations(one, path, again) {
  const all = [...(one.generation ? [one.generation] : []), ...one.other_generations];
  const rows = all.map((/** @type {Generation} */ each) => {
    const isActive = each.id === one.generation?.id;
    const opener = iconButton("more", t("system.actions_of", { name: String(each.id) }));
    hangMenu(opener, () => [
      { label: t("system.activate"), icon: "refresh", act: () => void activate(each, path, again) },
      { label: t("system.delete"), icon: "trash", danger: true, act: () => void drop(each, path, again) },
    ]);
    return h("tr", {},
      h("td", {}, t("system.generation", { id: each.id }), " ", isActive ? badgeOf(t("system.active"), "ok") : badgeOf(text(`system.generation_${each.state}`, each.state), "")),
      h("td", { class: "quiet" }, `${each.model} · ${each.weights} · ${each.dim}`),
      h("td", { class: "num" }, each.count === null ? "–" : number(each.count), each.missing ? h("p", { class: "meta" }, t("system.missing", { count: each.missing })) : null),
      h("td", { class: "quiet" }, moment(each.created_at)),
      h("td", { class: "num" }, isActive ? null : opener));
  });
  return h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h2", {}, t("system.generations")), button(t("system.reembed"), { onclick: () => void reembed(one, path) })),
    h("p", { class: "quiet" }, t("system.generations_why")),
    rows.length ? h("div", { class: "table-scroll", tabIndex: 0, role: "region", "aria-label": t("system.generations") }, h("table", {}, h("tbody", {}, ...rows))) : null);
}

/** @param {CollectionDetail} one */
function folders(one) {
  const watches = new Map(one.watches.map((each) => [each.directory_path, each]));
  return h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, t("system.folders"))),
    one.roots.length
      ? h("ul", { class: "stack" }, ...one.roots.map((each) => h("li", { class: "row" }, h("code", { class: "words grow" }, rootPath(each)), watches.has(rootPath(each)) ? badgeOf(t("system.watched"), "accent") : null)))
      : h("p", { class: "quiet" }, t("system.no_folders")));
}

/** @param {CollectionDetail["roots"][number]} root */
const rootPath = (root) => (typeof root === "string" ? root : /** @type {{path: string}} */ (root).path);

/** @param {Generation} one @param {string} path @param {() => Promise<void>} again */
async function activate(one, path, again) {
  const agreed = await confirm({ title: t("system.activate_title", { id: one.id }), text: t("system.activate_text", { model: one.model, count: one.missing }), agree: t("system.activate") });
  if (agreed) await done(call(`${path}/generations/${one.id}/activate`, { body: { force: one.missing > 0 } }), again);
}

/** @param {Generation} one @param {string} path @param {() => Promise<void>} again */
async function drop(one, path, again) {
  const agreed = await confirm({ title: t("system.drop_title", { id: one.id }), text: t("system.drop_text"), agree: t("system.delete"), danger: true });
  if (agreed) await done(call(`${path}/generations/${one.id}`, { method: "DELETE" }), again);
}

/** @param {CollectionDetail} one @param {string} path */
async function reembed(one, path) {
  const agreed = await confirm({ title: t("system.reembed_title", { name: one.name }), text: t("system.reembed_text"), agree: t("system.reembed") });
  if (!agreed) return;
  try {
    const { job_id } = await call(`${path}/reembed`, { body: {} });
    emit("jobs");
    go(href(`/imports/${job_id}`));
  } catch (error) {
    toast(sentence(error));
  }
}

/** @param {Promise<unknown>} change @param {() => Promise<void>} again */
async function done(change, again) {
  try {
    await change;
    emit("collections");
  } catch (error) {
    toast(sentence(error));
  }
  await again();
}
