// The values of one facet, each with a box and how many photos it would leave.
import { fill, h } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";

/** @typedef {{value: string, label: string, count: number}} Value */

const FEW = 4;

/**
 * @param {string} title @param {(value: string, on: boolean) => void} choose @param {(value: string) => string} named what no count came for
 * @returns {{element: HTMLElement, show: (values: Value[], chosen: string[], isAll: boolean) => void}}
 */
export function facetRows(title, choose, named) {
  const rows = h("div", { class: "facet-rows" });
  const element = h("section", { class: "facet", hidden: true }, h("h3", {}, title), rows);
  let isOpen = false;

  /** @param {Value[]} values @param {string[]} chosen @param {boolean} isAll whether the service has named all */
  const show = (values, chosen, isAll) => {
    const focused = document.activeElement instanceof HTMLInputElement && rows.contains(document.activeElement) ? document.activeElement.value : null;
    const missing = chosen.filter((value) => !values.some((one) => one.value === value)).map((value) => ({ value, label: named(value), count: 0 }));
    const all = [...values.filter((one) => one.count > 0 || chosen.includes(one.value)), ...missing];
    const few = all.filter((one, at) => isOpen || at < FEW || chosen.includes(one.value));
    const more = all.length - few.length;
    fill(rows, ...few.map((one) => row(one, chosen.includes(one.value))),
      more > 0 ? h("button", { type: "button", class: "facet-more", onclick: () => { isOpen = true; show(values, chosen, isAll); reach(few.length); } }, isAll ? t("facets.more", { count: more }) : t("facets.more_still")) : null,
      isOpen && all.length > FEW ? h("button", { type: "button", class: "facet-more", onclick: () => { isOpen = false; show(values, chosen, isAll); reach(FEW); } }, t("facets.fewer")) : null);
    element.hidden = !all.length;
    if (focused !== null) [...rows.querySelectorAll("input")].find((one) => one.value === focused)?.focus();
  };

  /** What was pressed is gone: the focus goes to the first row that came, or to the button again. @param {number} at */
  const reach = (at) => {
    const target = rows.querySelectorAll("input")[at] ?? rows.querySelector("button");
    target?.focus();
  };

  /** @param {Value} one @param {boolean} on */
  function row({ value, label, count }, on) {
    const box = h("input", { type: "checkbox", value, checked: on });
    box.addEventListener("change", () => choose(value, box.checked));
    return h("label", { class: "facet-row" }, box, h("span", { class: "cut grow", title: label }, label), h("span", { class: "count" }, number(count)));
  }

  return { element, show };
}
