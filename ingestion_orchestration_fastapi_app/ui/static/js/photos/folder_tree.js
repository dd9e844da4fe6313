// The folders that hold photos, level by level as somebody opens them.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { number } from "../core/format.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";

/** @typedef {import("../types").Folder} Folder */

const PAGE = 100;

/** @param {string} collection @param {(path: string | null) => void} choose */
export function folderTree(collection, choose) {
  const element = h("div", { class: "folders" });
  const list = h("ul", { role: "tree", "aria-label": t("facets.folder") });
  element.append(list);
  let chosen = "";
  /** How many of each folder are in what is shown; null where that is not known of all. @type {((path: string) => number) | null} */
  let countOf = null;
  /** @type {Map<string, {row: HTMLElement, count: HTMLElement, all: number, open: () => Promise<void>}>} */
  const known = new Map();

  const rows = () => [...list.querySelectorAll("[role=treeitem]")].filter((one) => one instanceof HTMLElement && one.offsetParent !== null);

  /** @param {Folder} folder @param {number} level */
  function item(folder, level) {
    const below = h("ul", { role: "group", hidden: true });
    const twist = h("span", { class: "twist" }, icon("forward"));
    const count = h("span", { class: "count" });
    const hasBelow = folder.images_in_all > folder.images;
    const name = folder.name.split("/").filter(Boolean).at(-1) ?? folder.name;
    const row = h("div", { role: "treeitem", class: "folder", tabIndex: -1, "aria-level": String(level), "aria-selected": "false", "aria-expanded": hasBelow ? "false" : null, title: folder.path, style: { "padding-left": `${(level - 1) * 20}px` } },
      twist, icon("folder"), h("span", { class: "cut grow" }, name), count);
    twist.classList.toggle("none", !hasBelow);
    let isLoaded = false;
    const open = async (on = true) => {
      if (!hasBelow) return;
      row.setAttribute("aria-expanded", String(on));
      below.hidden = !on;
      if (!on || isLoaded) return;
      isLoaded = true;
      isLoaded = await fillLevel(below, folder.path, level + 1);
      if (isLoaded) return;
      row.setAttribute("aria-expanded", "false"); // whoever opens it again asks again
      below.hidden = true;
    };
    row.addEventListener("click", (event) => {
      toStop(row);
      if (event.target instanceof Element && event.target.closest(".twist") && hasBelow) return void open(row.getAttribute("aria-expanded") !== "true");
      void open();
      choose(folder.path === chosen ? null : folder.path);
    });
    row.addEventListener("keydown", (event) => {
      const isOpen = row.getAttribute("aria-expanded") === "true";
      if (event.key === "Enter" || event.key === " ") choose(folder.path === chosen ? null : folder.path);
      else if (event.key === "ArrowRight" && !isOpen) void open();
      else if (event.key === "ArrowLeft" && isOpen) void open(false);
      else if (event.key === "ArrowLeft") focus(row.parentElement?.parentElement?.closest("li")?.querySelector(":scope > .folder"));
      else {
        const all = rows(), at = all.indexOf(row);
        const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
        if (to === undefined) return;
        focus(all[to]);
      }
      event.preventDefault();
      event.stopPropagation();
    });
    known.set(folder.path, { row, count, all: folder.images_in_all, open: () => open() });
    return h("li", { role: "none" }, row, below);
  }

  const toStop = (/** @type {HTMLElement} */ row) => {
    for (const one of list.querySelectorAll("[role=treeitem]")) if (one instanceof HTMLElement) one.tabIndex = one === row ? 0 : -1;
  };
  const focus = (/** @type {Element | null | undefined} */ row) => {
    if (!(row instanceof HTMLElement)) return;
    toStop(row);
    row.focus();
  };

  /** Says what went wrong; gives whether it went well. @param {HTMLElement} into @param {string | null} path @param {number} level @returns {Promise<boolean>} */
  const fillLevel = (into, path, level, offset = 0) => readLevel(into, path, level, offset).then(() => true, (error) => {
    toast(sentence(error));
    return false;
  });

  /** @param {HTMLElement} into @param {string | null} path @param {number} level @param {number} offset */
  async function readLevel(into, path, level, offset) {
    const { folders, next_offset } = await call("/folders", { query: { collection, path, limit: PAGE, offset: offset || null } });
    into.append(...folders.map((/** @type {Folder} */ one) => item(one, level)));
    if (next_offset !== null) {
      const more = h("li", { role: "none" }, h("button", { type: "button", class: "facet-more", onclick: () => void fillLevel(into, path, level, next_offset).then((is) => is && more.remove()) }, t("facets.more_folders")));
      into.append(more);
    }
    count();
  }

  /** What each says of itself, after what is shown is something else. */
  function count() {
    for (const [path, { row, count: place, all }] of known) {
      const many = countOf ? countOf(path) : all;
      place.textContent = number(many);
      if (row.parentElement) row.parentElement.hidden = many === 0 && path !== chosen; // zero rows leave
      row.setAttribute("aria-selected", String(path === chosen));
    }
    element.parentElement?.toggleAttribute("hidden", ![...list.children].some((one) => one instanceof HTMLElement && !one.hidden));
    const first = list.querySelector("[role=treeitem][tabindex='0']") ?? list.querySelector("[role=treeitem]");
    if (first instanceof HTMLElement) first.tabIndex = 0;
  }

  /** Opens what lies above a folder. @param {string} path @returns {Promise<void>} */
  async function reveal(path) {
    for (const [above, { open }] of [...known]) {
      const { row } = known.get(above) ?? {};
      if (path.startsWith(above.endsWith("/") ? above : `${above}/`) && row?.getAttribute("aria-expanded") === "false") {
        await open();
        return row.getAttribute("aria-expanded") === "true" ? reveal(path) : undefined; // it could not be read
      }
    }
  }

  const loaded = readLevel(list, null, 1, 0).catch((/** @type {unknown} */ error) => fill(element, h("p", { class: "meta" }, sentence(error))));
  return {
    element,
    /** @param {string} path the one that is chosen, if any @param {((path: string) => number) | null} counts */
    async show(path, counts) {
      [chosen, countOf] = [path, counts];
      await loaded;
      if (path) await reveal(path);
      count();
    },
  };
}
