// Puts a text on the clipboard.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { toast } from "./toast.js";

/** @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyWithoutRight(text);
  }
  toast(t("copied"));
}

/** Browsers give `navigator.clipboard` to https and this machine alone: a Photoseek in the house has neither. @param {string} text */
function copyWithoutRight(text) {
  const before = document.activeElement;
  const area = h("textarea", { value: text, class: "hidden", readonly: true });
  (before?.closest("dialog") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
}
