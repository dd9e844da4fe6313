// Own tags of a picture or of many: each with a way to take it off, and a field for more.
import { fill, h, newId } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";

/**
 * @param {string[]} tags
 * @param {{add: (tag: string) => void, remove: (tag: string) => void, suggest?: () => Promise<string[]>}} told
 */
export function tagEditor(tags, { add, remove, suggest }) {
  const id = newId("tags");
  const known = h("datalist", { id });
  const input = h("input", { class: "tag-input", list: id, maxlength: 100, autocomplete: "off", enterkeyhint: "done", "aria-label": t("tags.new"), placeholder: t("tags.new"), hidden: true });
  const opener = h("button", { type: "button", class: "tag-add", onclick: () => edit() }, icon("plus"), t("tags.add"));
  const list = h("ul", { class: "tags", "aria-label": t("tags.label") });
  let isOffered = false;

  /** @param {string[]} now */
  function show(now) {
    const had = list.contains(document.activeElement);
    tags = now;
    fill(list, ...now.map((tag) => h("li", { class: "chip" }, h("span", { class: "words" }, tag),
      h("button", { type: "button", class: "remove", "aria-label": t("tags.remove", { tag }), onclick: () => remove(tag) }, icon("close")))));
    list.hidden = !now.length;
    if (had && !list.contains(document.activeElement)) opener.focus();
  }

  async function edit() {
    [opener.hidden, input.hidden] = [true, false];
    input.focus();
    if (isOffered || !suggest) return;
    isOffered = true;
    try {
      fill(known, ...(await suggest()).map((value) => h("option", { value })));
    } catch {
      isOffered = false; // It is only a help.
    }
  }

  /** Several may be written at once, with commas. */
  function take() {
    const had = new Set(tags.map((one) => one.toLowerCase()));
    for (const one of input.value.split(",").map((text) => text.trim()).filter(Boolean)) {
      if (!had.has(one.toLowerCase())) add(one);
    }
    input.value = "";
  }

  /** @param {boolean} focus */
  function leave(focus) {
    [opener.hidden, input.hidden] = [false, true];
    if (focus) opener.focus();
  }

  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault(); // Escape leaves the field, not the dialog.
    event.stopPropagation();
    if (event.key === "Enter" && input.value.trim()) return take();
    input.value = "";
    leave(true);
  });
  input.addEventListener("blur", () => {
    take();
    leave(false);
  });
  show(tags);
  return { element: h("div", { class: "tag-editor" }, list, opener, input, known), show, edit };
}
