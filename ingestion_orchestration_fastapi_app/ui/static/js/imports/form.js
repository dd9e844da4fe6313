// Importing a folder: which, how, what it would do, and then doing it.
import { call } from "../core/api.js";
import { emit, on } from "../core/bus.js";
import { fill, h, rested } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { current, go, href } from "../core/router.js";
import { collectionInUse, inUse, may } from "../core/session.js";
import { button, iconButton, toggle } from "../parts/controls.js";
import { prompt, showDialog } from "../parts/dialog.js";
import { hangMenu } from "../parts/menu.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { inItsWords } from "../parts/words.js";
import { jobAddress } from "./card.js";
import { folderTree } from "./folders.js";
import { hasEnded } from "../core/jobs.js";
import { follow } from "./live.js";
import { excludeFolder, hideFolder, unwatch } from "./marks.js";
import { dryRun } from "./report.js";
import { amount, reasons } from "./words.js";

/** @typedef {import("../types").DiskFolder} DiskFolder */

const REST_MS = 200;

/** The form, for who may import; `show` selects a folder. */
export function importForm() {
  const collection = collectionInUse();
  const asked = { recursive: true, watch: false, captions: false, sync: false };
  /** @type {DiskFolder | null} */
  let folder = null;
  let stopDry = () => {}, turn = 0, isBusy = false;
  const picked = h("div", { class: "row picked" }, h("p", { class: "meta" }, t("imports.choose_first"))), answer = h("div", { class: "stack", "aria-live": "polite" }), error = h("p", { class: "error", role: "alert" });
  const begin = button(t("imports.import"), { kind: "primary", onclick: () => void run() }), dry = button(t("imports.dry_run"), { onclick: () => void tryDry() });
  const tree = folderTree(collection, (one) => choose(one));
  const captions = h("div", {}, option("captions"));
  const hint = h("p", { class: "meta row" }, icon("info"), h("span", {}, t("imports.folder_missing"), " ", h("button", { type: "button", class: "link", onclick: () => void addRoot() }, t("imports.add_root"))));

  /** @param {"recursive" | "watch" | "captions" | "sync"} name */
  function option(name) {
    return h("div", { class: "option" }, toggle(t(`imports.option.${name}`), asked[name], (on) => { asked[name] = on; clearDry(); }), name === "recursive" ? null : h("p", { class: "meta" }, t(`imports.hint.${name}`)));
  }
  const clearDry = () => { turn += 1; stopDry(); fill(answer); error.textContent = ""; };

  /** @param {DiskFolder | null} one */
  function choose(one) {
    folder = one;
    clearDry();
    if (!one) return;
    if (current().path[1] === "new") go(href("/imports/new", inUse({ path: one.path })), { replace: true, quiet: true });
    const more = iconButton("more", t("imports.folder_menu", { name: one.name }));
    hangMenu(more, () => folderItems(one, collection));
    fill(picked, h("code", { class: "grow path" }, one.path), more);
  }

  const body = () => ({ directory_path: folder?.path, recursive: asked.recursive, captions: asked.captions, sync: asked.sync, collection });

  async function run() {
    if (!folder) return void (error.textContent = t("imports.choose_first"));
    if (isBusy) return; // pressed twice it would import twice
    isBusy = true;
    begin.setAttribute("aria-disabled", "true");
    try {
      const { job_id: id } = await call("/ingest", { body: { ...body(), ...(asked.watch ? { watch: true } : {}) } });
      emit("jobs");
      go(jobAddress(id));
    } catch (problem) {
      error.textContent = sentence(problem);
    }
    isBusy = false;
    begin.removeAttribute("aria-disabled");
  }

  async function tryDry() {
    if (!folder) return void (error.textContent = t("imports.choose_first"));
    clearDry();
    const mine = turn; // what comes after another choice is of the one before
    fill(answer, h("p", { class: "quiet" }, t("imports.dry_looking", { count: 0 })));
    try {
      const { job_id: id } = await call("/ingest", { body: { ...body(), dry_run: true } });
      const first = await call(`/jobs/${id}`);
      if (mine !== turn) return;
      const heard = async (/** @type {import("../types").Job} */ job) => {
        if (!hasEnded(job)) return fill(answer, h("p", { class: "quiet" }, reasons(job)[0]?.said ?? t("imports.dry_looking", { count: amount(job).done })));
        if (job.state !== "completed") return fill(answer, h("p", { class: "quiet" }, reasons(job)[0]?.said ?? t(`job.state.${job.state}`)));
        const report = await call(`/jobs/${id}/report`);
        if (mine === turn) fill(answer, h("div", { class: "notice dry" }, h("div", { class: "stack grow" }, ...dryRun(report))));
      };
      if (hasEnded(first)) return await heard(first);
      const leave = follow(first, (job) => void heard(job).catch(failed));
      stopDry = () => {
        leave();
        stopDry = () => {};
      };
    } catch (problem) {
      failed(problem);
    }

    /** @param {unknown} problem */
    function failed(problem) {
      if (mine !== turn) return;
      fill(answer);
      error.textContent = sentence(problem);
    }
  }

  async function addRoot() {
    if (!may("admin")) return void showDialog(t("imports.add_root"), (close) => [
      h("p", { class: "quiet" }, t("imports.add_root_how")), h("p", {}, h("code", { class: "command" }, "photoseek roots add /mnt/disk/Pictures")),
      h("p", { class: "quiet" }, t("imports.add_root_setting")), h("div", { class: "actions" }, button(t("imports.understood"), { kind: "primary", onclick: () => close(null) })),
    ]);
    const path = await prompt({ title: t("imports.add_root"), label: t("imports.root_path"), agree: t("imports.allow"), hint: t("imports.root_hint") });
    if (!path) return;
    try {
      await call("/roots", { body: { path } });
      await tree.show(path);
    } catch (problem) {
      toast(sentence(problem));
      error.textContent = sentence(problem);
    }
  }

  async function askCaptions() {
    try {
      const { captions_available: may, captioners = [] } = await call("/capabilities");
      if (may) return;
      const why = captioners.find((/** @type {{detail?: string | null}} */ one) => one.detail)?.detail;
      fill(captions, h("div", { class: "option" }, h("p", {}, t("imports.option.captions")), h("p", { class: "meta" }, t("imports.no_captions")), inItsWords(why)));
    } catch {
      // Then the import says so.
    }
  }

  const element = h("section", { class: "card stack import-form" }, h("div", {}, h("h2", {}, t("imports.new")), h("p", { class: "meta" }, t("imports.only_read"))),
    tree.element, picked, hint, h("div", { class: "options" }, option("recursive"), option("watch"), captions, option("sync")), error, h("div", { class: "row form-actions" }, begin, dry), answer);
  const soon = rested(REST_MS), again = () => soon(() => void tree.show(folder?.path ?? null));
  const ears = [on("images", again), on("jobs", again)];
  let isDrawn = false;
  void askCaptions();
  return {
    element,
    /** @param {string | null} path */
    show(path) {
      if (isDrawn && (path === null || path === folder?.path)) return;
      isDrawn = true;
      void tree.show(path);
    },
    leave() {
      clearDry();
      ears.forEach((end) => end());
    },
  };
}

/** @param {DiskFolder} one @param {string} collection @returns {import("../parts/menu.js").Item[]} */
function folderItems(one, collection) {
  const watched = one.watched_by;
  return [
    { label: t("imports.show_photos"), icon: "image", href: href("/", inUse({ folder: one.path })) },
    ...(watched ? [{ label: t("imports.unwatch", { path: watched }), icon: "eye", act: () => void unwatch(collection, watched) }] : []),
    ...(one.hidden ? [] : [{ label: t("imports.hide"), icon: "eye", act: () => void hideFolder(collection, one.path) }]),
    ...(one.excluded ? [] : [{ label: t("imports.exclude"), icon: "trash", danger: true, act: () => void excludeFolder(collection, one.path) }]),
  ];
}
