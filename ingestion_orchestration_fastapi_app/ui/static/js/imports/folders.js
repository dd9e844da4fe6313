// The folders on the service's disk that may be imported, as a tree. What lies in a folder is asked for when it is opened.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { trouble } from "../parts/states.js";

/** @typedef {import("../types").DiskFolder} DiskFolder */
/** @typedef {{folder: DiskFolder, row: HTMLElement, group: HTMLElement, level: number}} Branch */

const PAGE = 200;

/** @param {DiskFolder} folder @returns {[string, string][]} class and word */
export function marks(folder) {
  /** @type {[string, string][]} */
  const found = [];
  if (!folder.readable) found.push(["warn", t("imports.mark.unreadable")]);
  if (folder.excluded) found.push(["", t("imports.mark.excluded")]);
  if (folder.hidden) found.push(["", t("imports.mark.hidden")]);
  if (folder.job_id) found.push(["accent", t("imports.mark.running")]);
  else if (folder.watched_by) found.push(["", t("imports.mark.watched")]);
  return found;
}

/** @param {string} collection @param {(folder: DiskFolder | null) => void} chosen */
export function folderTree(collection, chosen) {
  const element = h("div", { class: "tree", role: "tree", "aria-label": t("imports.folders") });
  /** @type {Map<string, Branch>} */
  const branches = new Map();
  let picked = "", turn = 0;

  /** @param {string | null} path @param {HTMLElement} into @param {number} level @param {number} [offset] */
  const load = async (path, into, level, offset = 0) => {
    const mine = turn;
    try {
      const answer = await call("/roots/folders", { query: { collection, path, limit: PAGE, offset } });
      if (path === null && mine !== turn) return null; // it is read anew
      if (path === null && !offset) branches.clear(); // until now those of before could be chosen
      const items = answer.folders.map((/** @type {DiskFolder} */ one) => branch(one, level));
      if (offset) into.append(...items);
      else fill(into, ...items);
      if (!offset && !items.length && path !== null) fill(into, h("p", { class: "meta tree-note" }, t("imports.no_folders")));
      if (answer.next_offset !== null) {
        const more = h("button", { type: "button", class: "tree-note", onclick: () => { more.remove(); void load(path, into, level, answer.next_offset); } }, t("imports.more"));
        into.append(more);
      }
      return answer.total;
    } catch (error) {
      if (path === null) branches.clear();
      fill(into, trouble(error, () => void load(path, into, level)));
      return null;
    }
  };

  /** @param {DiskFolder} folder @param {number} level */
  function branch(folder, level) {
    const canOpen = folder.has_folders !== false && folder.readable;
    const group = h("div", { role: "group", hidden: true });
    const row = h("div", { class: "tree-row", role: "treeitem", tabIndex: -1, "aria-level": level, "aria-selected": folder.path === picked, "aria-expanded": canOpen ? false : null, style: { "--level": String(level - 1) } });
    const one = { folder, row, group, level };
    branches.set(folder.path, one);
    row.addEventListener("click", (event) => {
      const isArrow = event.target instanceof Element && event.target.closest(".tree-arrow");
      if (isArrow) void toggle(one);
      else pick(one);
    });
    draw(one);
    if (![...element.querySelectorAll("[role=treeitem]")].some((other) => /** @type {HTMLElement} */ (other).tabIndex === 0)) row.tabIndex = 0;
    return h("div", { role: "none" }, row, group);
  }

  /** @param {Branch} one */
  function draw({ folder, row }) {
    const isOpen = row.getAttribute("aria-expanded");
    fill(row, h("span", { class: "tree-arrow" }, isOpen === null ? null : icon(isOpen === "true" ? "down" : "forward")), icon("folder"),
      h("span", { class: "grow cut" }, folder.name), ...marks(folder).map(([kind, word]) => h("span", { class: `badge ${kind}` }, word)),
      folder.images ? h("span", { class: "meta" }, t("imports.images_in", { count: folder.images })) : null);
  }

  /** @param {Branch} one @param {boolean} [open] */
  async function toggle(one, open) {
    if (!one.row.hasAttribute("aria-expanded")) return;
    const now = open ?? one.row.getAttribute("aria-expanded") !== "true";
    one.row.setAttribute("aria-expanded", String(now));
    one.group.hidden = !now;
    draw(one);
    if (now && !one.group.childElementCount) await load(one.folder.path, one.group, one.level + 1);
  }

  /** @param {Branch} one @param {boolean} [focus] */
  function pick(one, focus = true) {
    picked = one.folder.path;
    for (const [path, other] of branches) other.row.setAttribute("aria-selected", String(path === picked));
    visit(one.row, focus);
    chosen(one.folder);
  }

  /** @param {HTMLElement} row @param {boolean} focus */
  function visit(row, focus) {
    for (const { row: other } of branches.values()) other.tabIndex = other === row ? 0 : -1;
    if (focus) row.focus();
  }

  /** @param {Branch} one @param {string} path @returns {Branch | undefined} */
  const below = (one, path) => [...branches.values()].find(({ folder, level }) => level > one.level && isWithin(path, folder.path));
  const seen = () => /** @type {HTMLElement[]} */ ([...element.querySelectorAll("[role=treeitem]")]).filter((row) => row.offsetParent !== null);
  element.addEventListener("keydown", (event) => {
    const rows = seen(), at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const one = [...branches.values()].find(({ row }) => row === rows[at]);
    if (!one || event.ctrlKey || event.metaKey || event.altKey) return;
    const isOpen = one.row.getAttribute("aria-expanded");
    const up = () => rows.slice(0, at).findLast((row) => Number(row.getAttribute("aria-level")) < one.level);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => rows[at + 1] && visit(/** @type {HTMLElement} */ (rows[at + 1]), true),
      ArrowUp: () => rows[at - 1] && visit(/** @type {HTMLElement} */ (rows[at - 1]), true),
      Home: () => rows[0] && visit(rows[0], true),
      End: () => visit(/** @type {HTMLElement} */ (rows.at(-1)), true),
      ArrowRight: () => (isOpen === "false" ? void toggle(one, true) : isOpen === "true" && rows[at + 1] && visit(/** @type {HTMLElement} */ (rows[at + 1]), true)),
      ArrowLeft: () => { const above = up(); if (isOpen === "true") void toggle(one, false); else if (above) visit(above, true); },
      Enter: () => pick(one),
      " ": () => pick(one),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  return {
    element,
    /** Draws all anew, opened as far as the folder; how many roots there are, null where nobody tells. @param {string | null} path */
    async show(path) {
      const mine = ++turn, before = picked;
      const opened = [...branches.values()].filter(({ row }) => row.getAttribute("aria-expanded") === "true").map(({ folder }) => folder.path);
      const hasFocus = element.contains(document.activeElement), at = element.scrollTop, isFirst = branches.size === 0;
      const count = await load(null, element, 1);
      for (const each of opened) {
        const one = branches.get(each);
        if (one && mine === turn) await toggle(one, true);
      }
      if (mine !== turn) return count;
      if (!isFirst) element.scrollTop = at;
      const chosenNow = () => (picked === before ? undefined : branches.get(picked)); // by hand, meanwhile
      if (chosenNow()) path = picked;
      const roots = [...branches.values()];
      const root = path === null ? undefined : roots.filter(({ folder }) => isWithin(path, folder.path)).sort((a, b) => b.folder.path.length - a.folder.path.length)[0];
      const first = root ?? (roots.length === 1 ? roots[0] : undefined);
      if (!first) return count;
      let one = first;
      while (path && one.folder.path !== path) {
        await toggle(one, true);
        const next = below(one, path);
        if (!next) break;
        one = next;
      }
      if (!path) await toggle(one, true);
      if (mine !== turn) return count;
      one = chosenNow() ?? one;
      if (one.folder.path === picked && !isFirst) visit(one.row, hasFocus);
      else pick(one, false);
      if (isFirst) one.row.scrollIntoView({ block: "nearest" });
      return count;
    },
  };
}

/** @param {string} path @param {string} folder */
const isWithin = (path, folder) => path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
