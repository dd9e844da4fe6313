// Above the list: what it shows and how many, and how it is shown.
import { fill, h } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { current, go } from "../core/router.js";
import { button, iconButton, segmented, toggle } from "../parts/controls.js";
import { hangMenu } from "../parts/menu.js";
import { changed } from "./address.js";
import { chooseSize, chosenSize } from "./wall/size.js";

const SIZES = /** @type {const} */ (["S", "M", "L"]);

/**
 * `title`: of a list, or null where `search` says what fits. `isOpen`: the filters beside the list; null where they lie in a dialog. `filters`: how many
 * were chosen.
 * @typedef {{title: string | null, total: number | null, search: import("./search.js").Search | null, all: number | null, isOpen: boolean | null, filters: number}} Shown
 */

/**
 * @param {{size: HTMLElement | null, onFilters: () => void, onSelect: () => void, onSave: (() => void) | null}} parts `onSave`: as an album; null where nobody may
 * @returns {{element: HTMLElement, show: (shown: Shown) => void}}
 */
export function toolBar({ size, onFilters, onSelect, onSave }) {
  const said = h("div", { class: "tools-said" }), own = h("div", { class: "row tools-own" });
  const filters = h("button", { type: "button", class: "button tools-filters", onclick: onFilters });
  const select = button(t("tools.select"), { icon: "circle", kind: "plain", onclick: onSelect, props: { class: "button plain tools-select" } });
  const save = iconButton("album", t("albums.save"), { class: "icon-button not-phone", hidden: true, onclick: onSave ?? (() => {}) });
  const canSave = () => Boolean(onSave && (last?.search?.answer || (last?.filters && last.title !== null)));
  // On a phone what has no room is in a menu.
  const more = iconButton("more", t("tools.more"), { class: "icon-button only-phone" });
  hangMenu(more, () => [
    ...(last?.search ? fitItem(last.search) : []),
    { label: t("tools.select"), icon: "circle", act: onSelect },
    ...(onSave && canSave() ? [{ label: t("albums.save"), icon: "album", act: onSave }] : []),
    ...SIZES.map((value) => ({ label: t(`tools.size.${value}`), chosen: value === chosenSize(), act: () => chooseSize(value) })),
  ]);
  const element = h("div", { class: "tools" }, said, h("div", { class: "row" }, own, size, filters, save, select, more));
  let drawn = "";
  /** @type {Shown | null} */
  let last = null;
  const show = (/** @type {Shown} */ shown) => {
    last = shown;
    save.hidden = !canSave();
    fill(said, ...sentence(shown));
    fill(filters, icon("filter"), ...filterLabel(shown));
    filters.setAttribute("aria-label", filterName(shown));
    if (shown.isOpen !== null) filters.setAttribute("aria-expanded", String(shown.isOpen));
    else filters.removeAttribute("aria-expanded");
    element.classList.toggle("of-search", shown.search !== null);
    const wanted = JSON.stringify(shown.search && [shown.search.asked.sort, shown.search.isCut, shown.search.isJudged]);
    if (wanted === drawn) return; // what has the focus stays
    drawn = wanted;
    fill(own, ...(shown.search ? searchTools(shown.search) : []));
  };
  return { element, show };
}

/** @param {Shown} shown */
function filterLabel({ isOpen, filters }) {
  const words = h("span", { class: "not-phone" }, isOpen ? t("tools.hide_filters") : t("tools.filters"));
  return isOpen || !filters ? [words] : [words, h("strong", {}, number(filters))];
}

/** @param {Shown} shown */
const filterName = ({ isOpen, filters }) => (isOpen ? t("tools.hide_filters") : filters ? t("tools.filters_chosen", { count: filters }) : t("tools.filters"));

/** @param {Shown} shown @returns {(Node | string)[]} */
function sentence({ title, total, search, all }) {
  if (title !== null) return [h("h1", {}, title), ...(total === null ? [] : [h("span", { class: "quiet" }, number(total))])];
  if (!search?.answer) return [h("h1", { class: "quiet" }, t("results.looking"))];
  return [h("h1", {}, fitting(search)), ...(search.isCut && all !== null ? [h("span", { class: "quiet not-phone" }, t("results.of_all", { count: all }))] : [])];
}

/** "7 photos fit", or how many there are where nobody knows which fit. @param {import("./search.js").Search} search */
export function fitting({ answer, isCut, total }) {
  const count = total ?? 0;
  const key = isCut ? "results.fit" : "results.found";
  return answer?.total_is_exact === false ? t(`${key}.least`, { amount: number(count) }) : t(key, { count });
}

/** @param {Record<string, string | null>} changes */
const change = (changes) => go(changed(current().query, changes));
const onlyFit = (/** @type {boolean} */ on) => change({ rest: on ? "0" : "1" });

/** @param {import("./search.js").Search} search */
const fitItem = ({ isJudged, canBeCut, isCut }) => (isJudged && canBeCut ? [{ label: t("results.only_fit"), chosen: isCut, act: () => onlyFit(!isCut) }] : []);

/** @param {import("./search.js").Search} search */
function searchTools({ asked, isCut, isJudged, canBeCut }) {
  return [
    isJudged && canBeCut ? toggle(t("results.only_fit"), isCut, onlyFit) : null,
    segmented(t("results.sort"), [{ value: "fit", label: t("results.by_fit") }, { value: "date", label: t("results.by_date") }], asked.sort, (sort) => change({ sort: sort === "date" ? sort : null })),
  ].filter((one) => one !== null);
}
