// A rating of one to five stars. Buttons, not radio buttons: arrows, which lead to the next picture, change no rating.
import { fill, h } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";

/**
 * Pressing the last star again takes the rating back: then `change` hears 0.
 * @param {number | null} value @param {(stars: number) => void} change
 */
export function stars(value, change) {
  let shown = 0;
  const buttons = [1, 2, 3, 4, 5].map((count) =>
    h("button", { type: "button", class: "star", "aria-label": t("stars", { count }), title: t("stars", { count }), onclick: () => change(count === shown ? 0 : count) }));
  /** @param {number | null} now -1 is rejected */
  const show = (now) => {
    shown = Math.max(0, now ?? 0);
    buttons.forEach((one, at) => {
      one.setAttribute("aria-pressed", String(at + 1 === shown));
      fill(one, icon("star", { filled: at < shown }));
    });
  };
  show(value);
  return { element: h("div", { class: "stars", role: "group", "aria-label": t("stars.label") }, ...buttons), show };
}
