// Own tags of many pictures: what all of them get, and what all of them lose.
import { annotate } from "../core/annotations.js";
import { call } from "../core/api.js";
import { fill, h, newId } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { button } from "../parts/controls.js";
import { showDialog } from "../parts/dialog.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";

/** @typedef {import("../types").Shown} Shown */
/** @typedef {{add_tags: string[], remove_tags: string[]}} Tags */
const MOST_TAGS = 50;

/** @param {string} collection @param {Shown[]} images */
export async function tagAll(collection, images) {
  const tags = await askTags(collection, images.length);
  if (!tags) return;
  try {
    const before = await annotate(images, tags);
    toast(t("selection.tagged", { count: images.length }), before.length ? { label: t("undo"), act: () => void undo(images, tags, before) } : undefined);
  } catch (error) {
    toast(sentence(error));
  }
}

/** Each gets back the tags that it had, and loses those that it had not. @param {Shown[]} images @param {Tags} tags @param {import("../core/annotations.js").Before[]} before */
async function undo(images, { add_tags: added, remove_tags: removed }, before) {
  const plain = (/** @type {string} */ tag) => tag.normalize("NFC").toLowerCase();
  const gone = new Set(removed.map(plain));
  try {
    for (const { annotation, ids } of before) {
      const had = new Set(annotation.tags.map(plain)), those = new Set(ids);
      const change = { add_tags: annotation.tags.filter((tag) => gone.has(plain(tag))), remove_tags: added.filter((tag) => !had.has(plain(tag))) };
      await annotate(images.filter((one) => those.has(one.id)), change);
    }
    toast(t("selection.untagged"));
  } catch (error) {
    toast(sentence(error));
  }
}

/** @param {string} collection @param {number} count @returns {Promise<Tags | null>} */
function askTags(collection, count) {
  const known = h("datalist", { id: newId("tags") });
  const field = (/** @type {string} */ label) => {
    const id = newId("tag"), input = h("input", { class: "input", id, list: known.id, maxlength: 2000, autocomplete: "off" });
    return { input, element: h("div", { class: "field" }, h("label", { for: id }, label), input) };
  };
  const add = field(t("selection.tags.add")), remove = field(t("selection.tags.remove")), error = h("p", { class: "error", role: "alert" });
  call("/images/facets", { query: { collection, limit: 100 } }).then(
    (facets) => fill(known, ...(facets.tags?.values ?? []).map((/** @type {{value: string}} */ one) => h("option", { value: one.value }))),
    () => {}, // they are only a help
  );
  return showDialog(t("selection.tags.title", { count }), (/** @type {(value: Tags | null) => void} */ close) => [
    h("form", {
      class: "stack", onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const tags = { add_tags: split(add.input.value), remove_tags: split(remove.input.value) };
        const all = [...tags.add_tags, ...tags.remove_tags];
        if (!all.length) add.input.focus();
        else if (all.length > MOST_TAGS || all.some((one) => one.length > 100)) error.textContent = t("selection.tags.too_many");
        else close(tags);
      },
    },
      add.element, remove.element, known, h("p", { class: "hint quiet" }, t("selection.tags.hint")), error,
      h("div", { class: "actions" }, button(t("cancel"), { onclick: () => close(null) }), button(t("selection.tags.agree"), { kind: "primary", type: "submit" }))),
  ]);
}

/** @param {string} text */
const split = (text) => [...new Set(text.split(",").map((one) => one.trim()).filter(Boolean))];
