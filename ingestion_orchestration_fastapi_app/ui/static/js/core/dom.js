// Elements by code. Text is always text: nothing here reads HTML, so names with script in them are names.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Child | Child[]} Children */

/**
 * An element. `on…` are listeners, `class`, `dataset` and `style` (an object) are what they say, what is a property of the element that
 * changes (`value`, `checked`, …) is set as one, everything else is an attribute: true is an empty one, false and null none.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [props]
 * @param {...Children} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) set(element, name, value);
  element.append(...flat(children));
  return element;
}

const PROPERTIES = new Set(["value", "checked", "indeterminate", "hidden", "disabled", "selected", "open", "tabIndex", "htmlFor"]);

/** @param {HTMLElement} element @param {string} name @param {any} value */
export function set(element, name, value) {
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
  else if (PROPERTIES.has(name)) Object.assign(element, { [name]: value });
  else if (value === true) element.setAttribute(name, name.startsWith("aria-") ? "true" : "");
  else if (value === false && name.startsWith("aria-")) element.setAttribute(name, "false");
  else if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, String(value));
}

/** Takes the place of what was in the element. @param {Element} element @param {...Children} children */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
}

/** @param {Children[]} children @returns {(Node | string)[]} */
function flat(children) {
  return children
    .flat()
    .filter((one) => one !== null && one !== undefined && one !== false)
    .map((one) => (one instanceof Node ? one : String(one)));
}

/** Calls the last of many calls, when none came for a while. @param {number} wait_ms */
export function rested(wait_ms) {
  let timer = 0;
  /** @param {() => void} call */
  return (call) => {
    clearTimeout(timer);
    timer = window.setTimeout(call, wait_ms);
  };
}

/** Where late news must stand to be seen and read out: a modal dialog makes all else inert. @returns {HTMLElement} */
export const topmost = () => [...document.querySelectorAll("dialog")].filter((one) => one.open).at(-1) ?? document.body;

let next = 0;
/** For `aria-labelledby` and its like. @param {string} [stem] */
export const newId = (stem = "id") => `${stem}-${++next}`;
