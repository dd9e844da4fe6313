// How large tiles are: three sizes, chosen once for all lists, kept in this browser.
import { t } from "../../core/i18n.js";
import { segmented } from "../../parts/controls.js";

/** @typedef {"S" | "M" | "L"} Size */
const KEPT = "tile-size";
const PHONE = matchMedia("(max-width: 700px)");
const TARGETS = { S: 120, M: 180, L: 256 };
const PHONE_TARGETS = { S: 80, M: 118, L: 0 };
const changes = new EventTarget();

/** @returns {Size} */
export function chosenSize() {
  const kept = localStorage.getItem(KEPT);
  return kept === "S" || kept === "L" ? kept : "M";
}

/**
 * What a layout needs beside the width. `under`: what lies below each row, for the bar of a result's relevance.
 * @param {Size} size @param {boolean} bar
 */
export function measures(size, bar) {
  const phone = PHONE.matches, single = phone && size === "L";
  return {
    target: phone ? PHONE_TARGETS[size] || TARGETS.L : TARGETS[size],
    gap: bar ? (phone ? 3 : 6) : phone ? 2 : 4,
    under: bar ? 8 : 0,
    single,
  };
}

/** The switch, for a tool bar. */
export function sizeSwitch() {
  const choices = /** @type {Size[]} */ (["S", "M", "L"]).map((value) => ({ value, label: value }));
  return segmented(t("grid.size"), choices, chosenSize(), chooseSize);
}

/** @param {Size} size */
export function chooseSize(size) {
  localStorage.setItem(KEPT, size);
  changes.dispatchEvent(new Event("change"));
}

/** Calls when another size is chosen, or the window becomes a phone's; what is returned ends it. @param {() => void} act */
export function onSize(act) {
  changes.addEventListener("change", act);
  PHONE.addEventListener("change", act);
  return () => {
    changes.removeEventListener("change", act);
    PHONE.removeEventListener("change", act);
  };
}
