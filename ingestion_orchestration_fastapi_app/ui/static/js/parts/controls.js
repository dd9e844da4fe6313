// Small things that are pressed: buttons, switches, segments.
import { h } from "../core/dom.js";
import { icon } from "../core/icons.js";

/**
 * @param {string} label
 * @param {{icon?: string, kind?: "" | "primary" | "danger" | "plain", onclick?: (event: MouseEvent) => void, href?: string, type?: "button" | "submit", props?: Record<string, any>}} [options]
 */
export function button(label, { icon: name, kind = "", onclick, href, type = "button", props = {} } = {}) {
  const inner = [name ? icon(name) : null, label];
  const shared = { class: `button ${kind}`.trim(), onclick: onclick ?? (() => {}), ...props };
  return href === undefined ? h("button", { type, ...shared }, ...inner) : h("a", { href, ...shared }, ...inner);
}

/** A button of an icon alone; `label` is read out and shown as a tip. @param {string} name @param {string} label @param {Record<string, any>} [props] */
export const iconButton = (name, label, props = {}) =>
  h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, ...props }, icon(name));

/** @param {string} label @param {boolean} on @param {(on: boolean) => void} change @param {Record<string, any>} [props] */
export function toggle(label, on, change, props = {}) {
  const element = h("button", { type: "button", class: "switch", role: "switch", "aria-checked": on, ...props }, h("span", { class: "track" }), h("span", {}, label));
  element.addEventListener("click", () => {
    const now = element.getAttribute("aria-checked") !== "true";
    element.setAttribute("aria-checked", String(now));
    change(now);
  });
  return element;
}

/**
 * One of a few: arrows go from one to the next.
 * @template {string} V
 * @param {string} label @param {{value: V, label: string}[]} choices @param {V} chosen @param {(value: V) => void} change
 */
export function segmented(label, choices, chosen, change) {
  const group = h("div", { class: "segmented", role: "radiogroup", "aria-label": label });
  const buttons = choices.map((one) =>
    h("button", { type: "button", role: "radio", dataset: { value: one.value }, onclick: () => choose(one.value) }, one.label),
  );
  /** @param {V} value */
  const show = (value) => {
    for (const one of buttons) {
      const is = one.dataset.value === value;
      one.setAttribute("aria-checked", String(is));
      one.tabIndex = is ? 0 : -1;
    }
  };
  /** @param {V} value */
  const choose = (value) => {
    show(value);
    change(value);
  };
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = buttons.findIndex((one) => one === document.activeElement);
    const next = buttons[(at + step + buttons.length) % buttons.length];
    next?.focus();
    next?.click();
  });
  show(chosen);
  group.append(...buttons);
  return group;
}
