// A list of things to do that hangs on a button.
import { h } from "../core/dom.js";
import { icon } from "../core/icons.js";

/** @typedef {{label: string, icon?: string, act?: () => void, href?: string, chosen?: boolean, danger?: boolean, key?: string}} Item */

/** Makes a button open a menu of what `items` gives at that moment. @param {HTMLElement} opener @param {() => Item[]} items */
export function hangMenu(opener, items) {
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", () => openMenu(opener, items()));
}

/** @param {HTMLElement} opener @param {Item[]} items */
export function openMenu(opener, items) {
  const rows = items.map(row);
  const menu = h("div", { class: "menu", role: "menu", popover: "auto" }, ...rows);
  // A modal dialog makes all else inert: then the menu is a part of it.
  (opener.closest("dialog") ?? document.body).append(menu);
  menu.addEventListener("toggle", (event) => {
    const isOpen = /** @type {ToggleEvent} */ (event).newState === "open";
    opener.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) return;
    if (menu.contains(document.activeElement) || document.activeElement === document.body) opener.focus({ preventScroll: true });
    menu.remove();
  });
  menu.addEventListener("keydown", (event) => {
    event.stopPropagation(); // Its keys are not those of the place below.
    move(event, rows);
  });
  // Closed first, so that what an item opens finds the focus at the opener and gives it back there.
  menu.addEventListener("click", () => menu.hidePopover(), { capture: true });
  menu.showPopover();
  put(menu, opener);
  (rows.find((one) => one.getAttribute("aria-checked") === "true") ?? rows[0])?.focus();
}

/** @param {Item} item */
function row(item) {
  const role = item.chosen === undefined ? "menuitem" : "menuitemradio";
  const props = { role, tabIndex: -1, class: item.danger ? "danger" : "", "aria-checked": item.chosen, onclick: item.act ?? (() => {}) };
  const inner = [
    item.chosen ? icon("check") : item.icon ? icon(item.icon) : item.chosen === false ? h("span", { style: { width: "20px" } }) : null,
    h("span", { class: "grow" }, item.label),
    item.key ? h("kbd", { "aria-hidden": "true" }, item.key) : null,
  ];
  return item.href ? h("a", { href: item.href, ...props }, ...inner) : h("button", { type: "button", ...props }, ...inner);
}

/** @param {KeyboardEvent} event @param {HTMLElement[]} rows */
function move(event, rows) {
  const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  let next = to === undefined ? undefined : rows[(to + rows.length) % rows.length];
  if (!next && event.key.length === 1 && event.key !== " ") {
    const ordered = [...rows.slice(at + 1), ...rows.slice(0, at + 1)];
    next = ordered.find((one) => one.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()));
  }
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** Below the opener, or above it where there is no room, within the window. @param {HTMLElement} menu @param {HTMLElement} opener */
function put(menu, opener) {
  const from = opener.getBoundingClientRect(), own = menu.getBoundingClientRect();
  const below = from.bottom + 4 + own.height <= innerHeight - 8;
  const left = from.left + own.width > innerWidth - 8 ? from.right - own.width : from.left;
  menu.style.left = `${Math.max(8, left)}px`;
  menu.style.top = `${below ? from.bottom + 4 : Math.max(8, from.top - own.height - 4)}px`;
}
