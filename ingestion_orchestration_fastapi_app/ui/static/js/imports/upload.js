// Pictures of this computer, sent into the inbox and imported from there.
import { call } from "../core/api.js";
import { on } from "../core/bus.js";
import { h } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { collectionInUse } from "../core/session.js";
import { button } from "../parts/controls.js";
import { isUploading, upload } from "./uploading.js";

export function uploadCard() {
  const collection = collectionInUse();
  const input = h("input", { type: "file", multiple: true, class: "hidden", tabIndex: -1, "aria-label": t("imports.upload") });
  const zone = h("div", { class: "drop" }, icon("upload"), h("p", {}, t("imports.drop")), button(t("imports.choose_files"), { onclick: () => input.click() }), input);
  const element = h("section", { class: "card stack" }, h("div", {}, h("h2", {}, t("imports.upload")), h("p", { class: "meta" }, t("imports.upload_text"))), zone);
  input.addEventListener("change", () => {
    void upload([...(input.files ?? [])], collection);
    input.value = "";
  });
  const over = (/** @type {boolean} */ is) => zone.classList.toggle("over", is);
  zone.addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
  zone.addEventListener("dragleave", () => over(false));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    over(false);
    void upload([...(event.dataTransfer?.files ?? [])], collection);
  });
  const show = () => { zone.hidden = isUploading(); };
  show();
  return { element, leave: on("uploads", show) };
}

/** Where nothing may be kept there is no inbox. */
export const hasInbox = async () => (await call("/roots")).roots.some((/** @type {{source: string}} */ one) => one.source === "inbox");
