// What stands above the picture: where one is, how near, and what can be done with it.
import { isFavourite, ratingOf } from "../core/annotations.js";
import { fill, h } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { cameraTime } from "../core/format.js";
import { t } from "../core/i18n.js";
import { iconButton } from "../parts/controls.js";
import { hangMenu } from "../parts/menu.js";
import { stars } from "../parts/stars.js";

/** @typedef {import("../types").Shown} Shown */
/**
 * @typedef {object} Acts
 * @property {() => void} close
 * @property {() => void} nearer
 * @property {() => void} farther
 * @property {() => void} wholeOrFull
 * @property {(stars: number) => void} rate
 * @property {() => void} favour
 * @property {() => void} tag
 * @property {() => void} download
 * @property {() => void} details
 * @property {() => import("../parts/menu.js").Item[]} items
 */

/** @param {Acts} acts @param {boolean} mayWrite */
export function createBar(acts, mayWrite) {
  const date = h("h1", { class: "viewer-date cut" });
  const position = h("p", { class: "meta cut" });
  const percent = h("button", { type: "button", class: "zoom-now", title: t("viewer.whole_or_full"), onclick: acts.wholeOrFull });
  const zoom = h("div", { class: "zoom", role: "group", "aria-label": t("viewer.zoom") },
    iconButton("minus", t("viewer.farther"), { onclick: acts.farther }), percent, iconButton("plus", t("viewer.nearer"), { onclick: acts.nearer }));
  const rating = stars(null, acts.rate);
  const heart = iconButton("heart", t("viewer.favourite"), { onclick: acts.favour });
  const details = iconButton("info", t("viewer.details"), { class: "icon-button details-button", onclick: acts.details });
  const more = iconButton("more", t("viewer.more"));
  hangMenu(more, acts.items);
  const element = h("div", { class: "viewer-bar" },
    iconButton("back", t("viewer.back"), { onclick: acts.close }),
    h("div", { class: "viewer-where", "aria-live": "polite" }, date, position),
    zoom,
    mayWrite ? rating.element : null,
    mayWrite ? heart : null,
    mayWrite ? iconButton("tag", t("viewer.tag"), { class: "icon-button not-phone", onclick: acts.tag }) : null,
    iconButton("download", t("viewer.download"), { class: "icon-button not-phone", onclick: acts.download }),
    more, details);

  return {
    element,
    details,
    /** @param {Shown} image */
    say(image) {
      rating.show(ratingOf(image));
      const isOne = isFavourite(image);
      heart.setAttribute("aria-pressed", String(isOne));
      fill(heart, icon("heart", { filled: isOne }));
    },
    /** @param {Shown} image @param {number | null} at from 0 @param {number | null} total @param {string | null} name */
    show(image, at, total, name) {
      date.textContent = image.taken_at ? cameraTime(image.taken_at, { clock: false, weekday: false }) : image.filename;
      const where = at === null || total === null ? "" : t("viewer.position", { at: at + 1, total });
      position.textContent = name && where ? t("viewer.position_in", { where, name }) : where || name || "";
      this.say(image);
    },
    /** @param {number} now percent of full size @param {boolean} isWhole */
    zoomed(now, isWhole) {
      percent.textContent = isWhole ? t("viewer.whole") : `${now} %`;
      percent.setAttribute("aria-label", `${percent.textContent}. ${t("viewer.whole_or_full")}`);
    },
  };
}
