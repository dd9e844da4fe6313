// Jobs of any kind, and what is imported: folders of the service's disk, and files of this computer.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { number } from "../core/format.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { isTyping } from "../core/keys.js";
import { href, nameTab } from "../core/router.js";
import { collectionInUse, collections, inUse, may } from "../core/session.js";
import { button } from "../parts/controls.js";
import { empty } from "../parts/states.js";
import { announcer } from "./announce.js";
import { backToAll, jobView } from "./detail.js";
import { importForm } from "./form.js";
import { moreJobs } from "./kinds.js";
import { listView } from "./list.js";
import { markedFolders } from "./marks.js";
import { hasInbox, uploadCard } from "./upload.js";

/** @typedef {import("../core/router.js").Address} Address */

/** @param {Address} address @returns {import("../types").View} */
export function open(address) {
  const news = announcer();
  const head = h("div", { class: "page-head" }), main = h("div", { class: "imports-main" }), side = h("div", { class: "stack imports-side" });
  const element = h("div", { class: "page imports", tabIndex: -1 }, head, news.element, h("div", { class: "imports-columns" }, main, side));
  /** @type {{key: string, show: (address: Address) => void, title: string | (() => string), leave: () => void} | null} */
  let shown = null;
  /** @type {ReturnType<typeof sideOf> | null} */
  let beside = null;
  const view = { element, title: () => (typeof shown?.title === "function" ? shown.title() : shown?.title ?? ""), update: show, leave };

  /** @param {Address} address @param {import("../core/router.js").How} [how] */
  function show(address, how) {
    const second = address.path[1] ?? "", isNew = second === "new";
    const key = isNew ? "" : second;
    element.dataset.view = isNew ? "new" : key ? "job" : "list";
    if (beside?.collection !== collectionInUse()) {
      beside?.leave();
      beside = sideOf();
      fill(side, ...beside.elements);
    }
    beside.show(isNew ? address.query.get("path") : null);
    const whole = `${key} ${collectionInUse()}`;
    if (shown?.key !== whole) {
      shown?.leave();
      shown = { ...(key ? job(key, address) : list()), key: whole };
      element.scrollTop = 0;
      if (how === "push" && !isTyping(document.activeElement)) element.focus({ preventScroll: true }); // what was pressed is gone
    }
    shown.show(address);
  }

  const list = () => {
    const jobs = listView({ hear: news.hear, first: () => welcome() });
    fill(main, jobs.element);
    const shows = (/** @type {Address} */ address) => {
      const isNew = address.path[1] === "new";
      fill(head, ...(isNew ? [backToAll()] : []), h("h1", {}, t(isNew ? "imports.new" : "nav.imports")), ...(isNew ? [] : [jobs.tabs]), ...(may("write") && !isNew ? [moreJobs(), newLink()] : []));
      jobs.show(address.query.get("show"));
    };
    return { show: shows, title: () => t(element.dataset.view === "new" ? "imports.new" : "nav.imports"), leave: jobs.leave };
  };

  /** @param {string} id @param {Address} address */
  const job = (id, address) => {
    const one = jobView(id, address.query.get("code"), { hear: news.hear, named: nameTab });
    fill(head, backToAll());
    fill(main, one.element);
    let code = address.query.get("code");
    const shows = (/** @type {Address} */ now) => {
      if (now.query.get("code") === code) return;
      code = now.query.get("code");
      one.choose(code);
    };
    return { show: shows, title: one.title, leave: one.leave };
  };

  function leave() {
    shown?.leave();
    beside?.leave();
  }
  show(address);
  return view;
}

/** On narrow windows the form has a page of its own. */
const newLink = () => button(t("imports.new"), { icon: "plus", kind: "primary", href: href("/imports/new", inUse()), props: { class: "button primary only-narrow" } });

/** What is imported, beside the jobs. */
function sideOf() {
  const collection = collectionInUse();
  const form = may("write") ? importForm() : null, folders = markedFolders(), upload = may("write") ? uploadCard() : null;
  if (upload) {
    upload.element.hidden = true;
    hasInbox().then((is) => { upload.element.hidden = !is; }, () => {});
  }
  return {
    collection,
    elements: [form?.element ?? null, upload && h("div", { class: "imports-upload" }, upload.element), folders.element],
    /** @param {string | null} path */
    show: (path) => form?.show(path),
    leave() {
      form?.leave();
      folders.leave();
      upload?.leave();
    },
  };
}

/** For who has imported nothing yet. */
function welcome() {
  const holds = collections().find((one) => one.name === collectionInUse())?.count ?? 0;
  const roots = h("ul", { class: "welcome-roots" });
  const actions = may("write") ? [button(t("imports.choose_folder"), { icon: "folder", kind: "primary", href: href("/imports/new", inUse()), props: { class: "button primary only-narrow" } })] : [];
  const element = h("div", { class: "card" }, empty({ icon: "import", title: t("imports.welcome"), text: holds ? t("imports.welcome_holds", { count: number(holds) }) : t("imports.welcome_text"), actions }), roots);
  const load = async () => {
    if (!may("write")) return;
    const { folders } = await call("/roots/folders", { query: { collection: collectionInUse() } });
    fill(roots, ...folders.map((/** @type {import("../types").DiskFolder} */ one) => h("li", {}, h("a", { class: "job-row", href: href("/imports/new", inUse({ path: one.path })) }, icon("folder"), h("strong", { class: "grow cut" }, one.name), one.images ? h("span", { class: "meta" }, t("imports.images_in", { count: one.images })) : null, icon("forward")))));
  };
  load().catch(() => {});
  return element;
}
