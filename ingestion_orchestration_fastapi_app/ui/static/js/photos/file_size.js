// From which size on, and up to which, files are shown. The address has megabytes: `2-10`, `2-`, `-10`.
import { fill, h, newId } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { button } from "../parts/controls.js";

const MEGABYTE = 1e6;
const MOST = 1e9;

/** Either end in megabytes, null where it is open; null of what is no such text. @param {string | undefined} text */
export function sizeRange(text) {
  const found = /^(\d+(?:\.\d+)?)?-(\d+(?:\.\d+)?)?$/.exec(text ?? "");
  if (!found || !(found[1] || found[2])) return null;
  const end = (/** @type {string | undefined} */ one) => (one ? Math.min(MOST, Number(one)) : null);
  return { from: end(found[1]), to: end(found[2]) };
}

/** As the API filters: what is no size it refuses in words. @param {string} text @returns {Record<string, number | string>} */
export function sizeSpec(text) {
  const range = sizeRange(text);
  if (!range) return { min_size_bytes: text };
  return {
    ...(range.from === null ? {} : { min_size_bytes: Math.round(range.from * MEGABYTE) }),
    ...(range.to === null ? {} : { max_size_bytes: Math.round(range.to * MEGABYTE) }),
  };
}

/** The same the other way round. @param {number | null | undefined} least @param {number | null | undefined} most both in bytes */
export const sizeText = (least, most) => [least, most].map((one) => (typeof one === "number" ? one / MEGABYTE : "")).join("-");

/** @param {string} text */
export function sizeName(text) {
  const range = sizeRange(text), name = (/** @type {number | null} */ one) => (one === null ? "" : `${number(one, 3)} MB`);
  if (!range) return text;
  const { from, to } = range;
  return t(from === null ? "size.until" : to === null ? "size.since" : "size.range", { from: name(from), to: name(to) });
}

/** The facet: two fields. `choose` gets a text for the address, null for any size. @param {(text: string | null) => void} choose */
export function sizeFields(choose) {
  const error = h("p", { class: "error", role: "alert", id: newId("size") });
  const end = (/** @type {"from" | "to"} */ name) => {
    const input = h("input", { class: "input", type: "number", min: 0, max: MOST, step: "any", inputmode: "decimal", "aria-label": t(`size.${name}.name`), "aria-describedby": error.id });
    input.addEventListener("change", settle);
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") settle(); });
    return input;
  };
  const from = end("from"), to = end("to");
  const clear = button(t("facets.clear"), { kind: "plain", onclick: () => { from.focus(); choose(null); } });
  const element = h("section", { class: "facet" },
    h("div", { class: "row facet-head" }, h("h3", { class: "grow" }, t("chip.size")), clear),
    h("div", { class: "row size-fields" }, from, h("span", { class: "quiet" }, t("size.to")), to, h("span", { class: "quiet" }, "MB")), error);

  function settle() {
    const isWrong = [from, to].some((one) => !one.validity.valid), isTurned = from.value && to.value && Number(from.value) > Number(to.value);
    fill(error, isWrong ? t("size.wrong") : isTurned ? t("size.turned") : "");
    for (const one of [from, to]) one.setAttribute("aria-invalid", String(Boolean(isTurned) || !one.validity.valid));
    if (!isWrong && !isTurned) choose(from.value || to.value ? `${plain(from)}-${plain(to)}` : null);
  }

  return {
    element,
    /** @param {string | undefined} text of the address */
    show(text) {
      const range = sizeRange(text);
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
