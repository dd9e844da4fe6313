import { t } from "../core/i18n.js";
import { empty } from "../parts/states.js";

/** @returns {import("../types").View} */
export function open() {
  return { element: empty({ icon: "image", title: t("nav.duplicates") }), title: t("nav.duplicates") };
}
