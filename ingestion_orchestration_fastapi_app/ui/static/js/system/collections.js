// The collections: which there are, and what can be done to each.
import { call } from "../core/api.js";
import { emit, on } from "../core/bus.js";
import { fill, h } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { current, go, href } from "../core/router.js";
import { collections, loadCollections, naming } from "../core/session.js";
import { button, iconButton } from "../parts/controls.js";
import { confirm, prompt } from "../parts/dialog.js";
import { hangMenu } from "../parts/menu.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { inItsWords } from "../parts/words.js";
import { badgeOf } from "./facts.js";

/** @typedef {import("../types").Collection} Collection */

/** @returns {import("./page.js").Part & {leave: () => void}} */
export function collectionTable() {
  const rows = h("tbody", {});
  const show = () => fill(rows, ...collections().map(row));
  const element = h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h2", {}, t("system.collections")), button(t("system.new"), { icon: "plus", onclick: () => void create() })),
    h("div", { class: "table-scroll", tabIndex: 0, role: "region", "aria-label": t("system.collections") }, h("table", {},
      h("thead", {}, h("tr", {}, ...["name", "photos", "model", "state", ""].map((one) => h("th", { scope: "col", class: one === "photos" ? "num" : "" }, one ? t(`system.column_${one}`) : h("span", { class: "hidden" }, t("system.actions")))))), rows)));
  show();
  const off = on("collections", show);
  void loadCollections().catch(() => {}); // what stands there stays
  return { element, leave: off };
}

/** @param {Collection} one */
function row(one) {
  const opener = iconButton("more", t("system.actions_of", { name: one.name }));
  hangMenu(opener, () => [
    { label: t("system.details"), icon: "info", href: href(`/system/collections/${encodeURIComponent(one.name)}`) },
    { label: t("system.show_photos"), icon: "image", href: href("/", naming(one.name)) },
    { label: t("system.rename"), icon: "edit", act: () => void rename(one.name) },
    { label: t("system.delete"), icon: "trash", danger: true, act: () => void remove(one) },
  ]);
  const isReady = one.state === "ready";
  return h("tr", {},
    h("td", {}, h("a", { class: "plain-link", href: href(`/system/collections/${encodeURIComponent(one.name)}`) }, one.name)),
    h("td", { class: "num" }, one.count === null ? "–" : number(one.count)),
    h("td", { class: "quiet" }, one.model ?? t("system.no_model")),
    h("td", {}, badgeOf(t(isReady ? "system.ready" : "system.damaged"), isReady ? "ok" : "bad"), inItsWords(one.detail)),
    h("td", { class: "num" }, opener));
}

async function create() {
  const name = await prompt({ title: t("system.new_title"), label: t("system.column_name"), agree: t("system.create"), hint: t("system.name_hint") });
  if (name) await changed(call("/collections", { body: { name } }), t("system.created", { name }));
}

/** @param {string} name */
export async function rename(name) {
  const to = await prompt({ title: t("system.rename_title", { name }), label: t("system.column_name"), value: name, agree: t("system.rename"), hint: t("system.name_hint") });
  if (!to || to === name) return;
  const done = await changed(call(`/collections/${encodeURIComponent(name)}`, { method: "PATCH", body: { name: to } }), t("system.renamed", { name: to }));
  if (done && current().path[2] === name) go(href(`/system/collections/${encodeURIComponent(to)}`), { replace: true });
}

/** @param {Pick<Collection, "name" | "count">} one */
export async function remove(one) {
  const agreed = await confirm({
    title: t("system.delete_title", { name: one.name }),
    text: t("system.delete_text", { count: one.count ?? 0 }),
    agree: t("system.delete"),
    danger: true,
    typed: one.name,
  });
  if (!agreed) return;
  const done = await changed(call(`/collections/${encodeURIComponent(one.name)}`, { method: "DELETE" }), t("system.deleted", { name: one.name }));
  if (done && current().path[2]) go(href("/system"), { replace: true });
}

/** Says how it went. @param {Promise<unknown>} change @param {string} done */
async function changed(change, done) {
  try {
    await change;
  } catch (error) {
    toast(sentence(error));
    return false;
  }
  await loadCollections().catch(() => {}); // told where it is looked at
  emit("collection-in-use");
  toast(done);
  return true;
}
