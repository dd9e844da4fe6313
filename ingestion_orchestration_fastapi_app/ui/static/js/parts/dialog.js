// Questions before something happens. The title asks, the text says what is lost and what stays, cancelling comes first.
import { h, newId } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { button } from "./controls.js";

/**
 * Shows an element in a modal dialog until it is closed; gives what `close` was called with, null where it was left.
 * @template T
 * @param {string} title @param {(close: (value: T | null) => void) => (Node | string | null)[]} content
 * @returns {Promise<T | null>}
 */
export function showDialog(title, content) {
  const before = document.activeElement;
  const id = newId("dialog");
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": id });
    /** @type {T | null} */
    let answer = null;
    const close = (/** @type {T | null} */ value) => {
      answer = value;
      dialog.close();
    };
    dialog.append(h("h2", { id }, title), ...content(close).filter((one) => one !== null));
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
      resolve(answer);
    });
    // Pressed and let go beside it: who selects a text may let go there.
    let isPressed = false;
    const isBeside = (/** @type {MouseEvent} */ { target, clientX: x, clientY: y }) => {
      const { left, right, top, bottom } = dialog.getBoundingClientRect();
      return target === dialog && (x < left || x > right || y < top || y > bottom);
    };
    dialog.addEventListener("pointerdown", (event) => { isPressed = isBeside(event); });
    dialog.addEventListener("click", (event) => isPressed && isBeside(event) && close(null));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Whether somebody agrees. With `typed` they must write that text first.
 * @param {{title: string, text: string | (Node | string)[], agree: string, danger?: boolean, typed?: string}} asked
 */
export async function confirm({ title, text, agree, danger = false, typed }) {
  const answer = await showDialog(title, (/** @type {(value: boolean | null) => void} */ close) => {
    const input = typed === undefined ? null : h("input", { class: "input", autocomplete: "off", spellcheck: "false" });
    const error = h("p", { class: "error", role: "alert" });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      if (input && input.value.trim() !== typed) {
        error.textContent = t("dialog.type_name", { name: typed ?? "" });
        input.setAttribute("aria-invalid", "true");
        input.focus();
      } else close(true);
    };
    const id = newId("typed");
    if (input) Object.assign(input, { id });
    const field = input && h("div", { class: "field" }, h("label", { for: id }, t("dialog.type_name", { name: typed ?? "" })), input, error);
    return [
      h("form", { class: "stack", onsubmit: submit },
        h("p", { class: "quiet" }, ...(Array.isArray(text) ? text : [text])),
        field,
        h("div", { class: "actions" },
          button(t("cancel"), { onclick: () => close(null) }),
          button(agree, { kind: danger ? "danger" : "primary", type: "submit" }))),
    ];
  });
  return answer === true;
}

/** A text that somebody writes, null where they leave. @param {{title: string, label: string, value?: string, agree: string, hint?: string}} asked */
export function prompt({ title, label, value = "", agree, hint }) {
  return showDialog(title, (/** @type {(value: string | null) => void} */ close) => {
    const id = newId("text");
    const input = h("input", { class: "input", id, value, required: true, autocomplete: "off" });
    return [
      h("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); if (input.value.trim()) close(input.value.trim()); } },
        h("div", { class: "field" }, h("label", { for: id }, label), input, hint ? h("p", { class: "hint" }, hint) : null),
        h("div", { class: "actions" },
          button(t("cancel"), { onclick: () => close(null) }), button(agree, { kind: "primary", type: "submit" }))),
    ];
  });
}
