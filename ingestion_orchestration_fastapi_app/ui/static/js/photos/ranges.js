// From which number on, and up to which, photos are shown: megabytes, megapixels. The address has both ends: `2-10`, `2-`, `-10`.
import { fill, h, newId } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { button } from "../parts/controls.js";

/** By the parameter of the address: the API's two fields, and how many of its own units one of people's is. */
const UNITS = /** @type {const} */ ({
  size: { unit: "MB", most: 1e9, fields: ["min_size_bytes", "max_size_bytes"], scale: 1e6 },
  megapixels: { unit: "MP", most: 1e6, fields: ["min_megapixels", "max_megapixels"], scale: 1 },
});
/** @typedef {keyof typeof UNITS} Range */
export const RANGES = /** @type {Range[]} */ (Object.keys(UNITS));

/** Either end, null where it is open; null of what is no such text. @param {Range} name @param {string | undefined} text */
function ends(name, text) {
  const found = /^(\d+(?:\.\d+)?)?-(\d+(?:\.\d+)?)?$/.exec(text ?? "");
  if (!found || !(found[1] || found[2])) return null;
  const end = (/** @type {string | undefined} */ one) => (one ? Math.min(UNITS[name].most, Number(one)) : null);
  return { from: end(found[1]), to: end(found[2]) };
}

/** As the API filters: what is no range it refuses in words. @param {Range} name @param {string} text @returns {Record<string, number | string>} */
export function rangeSpec(name, text) {
  const range = ends(name, text), { fields: [least, most], scale } = UNITS[name];
  if (!range) return { [least]: text };
  const scaled = (/** @type {number} */ one) => (scale === 1 ? one : Math.round(one * scale));
  return { ...(range.from === null ? {} : { [least]: scaled(range.from) }), ...(range.to === null ? {} : { [most]: scaled(range.to) }) };
}

/** The same the other way round; empty where the filters have no such range. @param {Range} name @param {Record<string, any>} spec */
export function rangeText(name, spec) {
  const { fields, scale } = UNITS[name];
  const given = fields.map((field) => (typeof spec[field] === "number" ? spec[field] / scale : ""));
  return given.every((one) => one === "") ? "" : given.join("-");
}

/** @param {Range} name @param {string} text */
export function rangeName(name, text) {
  const range = ends(name, text), told = (/** @type {number | null} */ one) => (one === null ? "" : `${number(one, 3)} ${UNITS[name].unit}`);
  if (!range) return text;
  const { from, to } = range;
  return t(from === null ? "range.until" : to === null ? "range.since" : "range.both", { from: told(from), to: told(to) });
}

/** The facet: two fields. `choose` gets a text for the address, null for any number. @param {Range} name @param {(text: string | null) => void} choose */
export function rangeFields(name, choose) {
  const error = h("p", { class: "error", role: "alert", id: newId(name) }), unit = t(`range.unit.${name}`);
  const end = (/** @type {"from" | "to"} */ side) => {
    const input = h("input", { class: "input", type: "number", min: 0, max: UNITS[name].most, step: "any", inputmode: "decimal", "aria-label": t(`range.${side}.name`, { unit }), "aria-describedby": error.id });
    input.addEventListener("change", settle);
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") settle(); });
    return input;
  };
  const from = end("from"), to = end("to");
  const clear = button(t("facets.clear"), { kind: "plain", onclick: () => { from.focus(); choose(null); } });
  const element = h("section", { class: "facet" },
    h("div", { class: "row facet-head" }, h("h3", { class: "grow" }, t(`chip.${name}`)), clear),
    h("div", { class: "row range-fields" }, from, h("span", { class: "quiet" }, t("range.to")), to, h("span", { class: "quiet" }, UNITS[name].unit)), error);

  function settle() {
    const isWrong = [from, to].some((one) => !one.validity.valid), isTurned = from.value && to.value && Number(from.value) > Number(to.value);
    fill(error, isWrong ? t("range.wrong", { unit }) : isTurned ? t("range.turned") : "");
    for (const one of [from, to]) one.setAttribute("aria-invalid", String(Boolean(isTurned) || !one.validity.valid));
    if (!isWrong && !isTurned) choose(from.value || to.value ? `${plain(from)}-${plain(to)}` : null);
  }

  return {
    element,
    /** @param {string | undefined} text of the address */
    show(text) {
      const range = ends(name, text);
      clear.hidden = !text;
      for (const [one, value] of /** @type {const} */ ([[from, range?.from], [to, range?.to]])) {
        const wanted = value === null || value === undefined ? "" : String(value);
        if (Number(one.value) !== Number(wanted) || !wanted !== !one.value) one.value = wanted;
        one.removeAttribute("aria-invalid");
      }
      fill(error);
    },
  };
}

/** Without an exponent. @param {HTMLInputElement} input */
const plain = (input) => (input.value ? input.valueAsNumber.toFixed(6).replace(/\.?0+$/, "") : "");
