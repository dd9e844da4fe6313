// What leaves the page as a file, and what was said to be no duplicates.
import { call, url } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { bytes, moment } from "../core/format.js";
import { t } from "../core/i18n.js";
import { button } from "../parts/controls.js";
import { confirm, showDialog } from "../parts/dialog.js";
import { sentence, trouble } from "../parts/states.js";
import { toast } from "../parts/toast.js";

/** @typedef {import("./decisions.js").Decisions} Decisions */
/** @typedef {import("../types").Dismissal} Dismissal */
/** @typedef {import("../types").UnneededFile} UnneededFile */

const MOST_DISMISSED = 500;
const COLUMNS = /** @type {const} */ (["path", "bytes", "kept_path", "sha256", "id"]);
/** What it is called in the file. @param {typeof COLUMNS[number]} column */
const named = (column) => (column === "kept_path" ? "kept" : column);

/** What a spreadsheet would take for a formula gets a `'` before it, as in the service's own lists. @param {string | number} value */
function cell(value) {
  const text = typeof value === "string" && /^[\s\ufeff]*[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {string} name @param {string} type @param {string} text */
function save(name, type, text) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name, dataset: { outside: "" } });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {Decisions} decisions @param {string} collection @param {string} cls @returns {import("../parts/menu.js").Item[]} */
export function exportItems(decisions, collection, cls) {
  const name = `photoseek-to-delete-${collection}`, count = decisions.files;
  /** @param {UnneededFile[]} files */
  const rows = (files) => [COLUMNS.map(named).join(","), ...files.map((one) => COLUMNS.map((column) => cell(one[column])).join(","))].map((line) => `${line}\r\n`).join("");
  /** @param {UnneededFile[]} files */
  const json = (files) => JSON.stringify({ collection, files: files.map((one) => Object.fromEntries(COLUMNS.map((column) => [named(column), one[column]]))) }, null, 1);
  /** @param {string} ending @param {string} type @param {(files: UnneededFile[]) => string} written */
  const saveList = async (ending, type, written) => {
    try {
      save(`${name}.${ending}`, type, written(await decisions.list()));
    } catch (error) {
      toast(sentence(error));
    }
  };
  const mine = count === 0 ? [] : [
    { label: t("tidy.export_mine", { count, format: "CSV" }), icon: "download", act: () => void saveList("csv", "text/csv", rows) },
    { label: t("tidy.export_mine", { count, format: "JSON" }), icon: "download", act: () => void saveList("json", "application/json", json) },
  ];
  const formats = ["csv", "json"], of = (/** @type {string} */ format) => ({ format: format.toUpperCase() });
  const all = [
    ...formats.map((format) => ({ label: t("tidy.export_class", of(format)), icon: "copies", href: url("/duplicates/export", { collection, class: cls, format }) })),
    ...formats.map((format) => ({ label: t("tidy.export_all", of(format)), icon: "copies", href: url("/duplicates/export", { collection, format }) })),
  ];
  return [...mine, ...all];
}

/** The list is emptied, if somebody agrees; the files and what left the service stay as they are. @param {Decisions} decisions */
export async function emptyList(decisions) {
  const { files: count } = decisions, size = bytes(decisions.bytes);
  const agreed = await confirm({ title: t("tidy.empty_list_title"), text: t("tidy.empty_list_text", { count, size }), agree: t("tidy.empty_list") });
  if (agreed) await decisions.clear();
  return agreed;
}

/** @param {string} collection */
export function showDismissed(collection) {
  const list = h("div", { class: "stack tidy-dismissed", role: "status" }, t("tidy.loading"));
  /** @param {Dismissal} one */
  const row = (one) => {
    const line = h("li", { class: "row" }, h("div", { class: "grow" }, h("p", { class: "tidy-path" }, one.path), h("p", { class: "meta" }, moment(one.dismissed_at))),
      button(t("tidy.take_back"), { onclick: () => void takeBack(one, line) }));
    return line;
  };
  /** @param {Dismissal} one @param {HTMLElement} line */
  const takeBack = async (one, line) => {
    try {
      await call(`/duplicates/dismissed/${one.id}`, { method: "DELETE", query: { collection } });
      const next = line.nextElementSibling ?? line.previousElementSibling;
      fill(line, h("p", { class: "quiet" }, t("tidy.taken_back")));
      const target = next?.querySelector("button") ?? list.closest("dialog")?.querySelector(".actions button");
      if (target instanceof HTMLElement) target.focus();
    } catch (error) {
      toast(sentence(error));
    }
  };
  const load = async () => {
    try {
      const { dismissals } = await call("/duplicates/dismissed", { query: { collection, limit: MOST_DISMISSED } });
      fill(list, dismissals.length ? h("ul", { class: "stack" }, ...dismissals.reverse().map(row)) : h("p", { class: "quiet" }, t("tidy.dismissed_none")));
    } catch (error) {
      fill(list, trouble(error, load));
    }
  };
  void load();
  return showDialog(t("tidy.dismissed"), (close) => [h("p", { class: "quiet" }, t("tidy.dismissed_text")), list, h("div", { class: "actions" }, button(t("close"), { onclick: () => close(null) }))]);
}
