// What an export has written, to be downloaded file by file.
import { call, url } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { bytes } from "../core/format.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";

/** @typedef {import("../types").ExportedFile} ExportedFile */

const MANIFEST = "manifest.json";

/** @param {string} name of the export @returns {HTMLElement} */
export function exportFiles(name) {
  const path = `/exports/${encodeURIComponent(name)}`, list = h("ul", { class: "paths" });
  const link = (/** @type {string} */ file, /** @type {number | null} */ size) => h("li", {},
    h("a", { href: url(`${path}/files/${encodeURIComponent(file)}`), download: file }, icon("download"), " ", file), size === null ? null : h("span", { class: "meta" }, ` ${bytes(size)}`));
  call(path).then(
    (answer) => fill(list, ...answer.files.map((/** @type {ExportedFile} */ one) => link(one.name, one.size_bytes)), link(MANIFEST, null)),
    () => fill(list, h("li", { class: "meta" }, t("job.export_gone"))),
  );
  return h("div", { class: "stack" }, h("p", {}, t("job.export_files"), " ", h("code", {}, name)), list);
}
