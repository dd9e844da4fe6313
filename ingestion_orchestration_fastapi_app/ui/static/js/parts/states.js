// What stands where there is nothing to show: it says why, and the one next step.
import { Problem, isAbort } from "../core/api.js";
import { on } from "../core/bus.js";
import { h } from "../core/dom.js";
import { number } from "../core/format.js";
import { has, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href } from "../core/router.js";
import { collectionInUse, collections, inUse, isThere, may } from "../core/session.js";
import { button } from "./controls.js";

/** @param {{icon: string, title: string, text?: string, actions?: HTMLElement[]}} said */
export const empty = ({ icon: name, title, text, actions = [] }) =>
  h("div", { class: "empty" }, icon(name), h("h2", {}, title), text ? h("p", {}, text) : null, h("div", { class: "row" }, ...actions));

/** A sentence for people; codes that have none of their own are told by the service's detail. @param {unknown} error */
export function sentence(error) {
  if (!(error instanceof Problem)) return t("trouble.bug");
  if (has(`code.${error.code}`)) return t(`code.${error.code}`);
  if (error.status >= 500 || error.status === 0) return t("trouble.bug");
  return error.message;
}

/** Of what was asked for many pictures, and failed on the way: why, and how far it came. @param {unknown} error @param {number} done @param {number} all */
export const unfinished = (error, done, all) => (done ? t("selection.unfinished", { done: number(done), all: number(all), why: sentence(error) }) : sentence(error));

/** The collection in use is not there: nothing was imported yet, or the address names another than those that there are. */
export function noCollection() {
  const isFresh = !collections().length || collectionInUse() === "default";
  if (!isFresh) {
    const home = h("a", { class: "button primary", href: href("/") }, t("nowhere.home"));
    return empty({ icon: "search", title: t("collection.none", { name: collectionInUse() }), text: t("collection.none_text"), actions: [home] });
  }
  const actions = may("write") ? [button(t("photos.import"), { kind: "primary", icon: "import", href: href("/imports/new", inUse()) })] : [];
  return empty({ icon: "image", title: t("photos.empty"), text: t("photos.empty_text"), actions });
}

/** In place of what could not be loaded; it asks again by itself when somebody answers again. @param {unknown} error @param {() => void} again */
export function trouble(error, again) {
  const code = error instanceof Problem ? error.code : "";
  if (code === "ERR_COLLECTION_NOT_FOUND" && !isThere(collectionInUse())) return noCollection();
  const request = error instanceof Problem && error.requestId ? ` · ${error.requestId}` : "";
  if (!(error instanceof Problem) && !isAbort(error)) console.error(error);
  const element = h("div", { class: "empty", role: "alert" }, icon("alert"), h("h2", {}, sentence(error)),
    h("div", { class: "row" }, button(t("again"), { kind: "primary", onclick: again })),
    code ? h("p", { class: "meta" }, `${code}${request}`) : null);
  const end = on("back", () => {
    end();
    if (element.isConnected) again();
  });
  return element;
}
