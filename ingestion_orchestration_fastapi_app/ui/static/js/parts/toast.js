// One late piece of news at the bottom, for six seconds, with at most one thing to do about it.
import { fill, h, topmost } from "../core/dom.js";
import { button } from "./controls.js";

const SHOWN_MS = 6000;
const place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
let timer = 0;

/** @param {string} text @param {{label: string, act: () => void}} [action] */
export function toast(text, action) {
  stand();
  const hide = () => fill(place);
  const again = () => {
    clearTimeout(timer);
    timer = window.setTimeout(hide, SHOWN_MS);
  };
  const stay = () => clearTimeout(timer);
  const element = h("div", { class: "toast", onmouseenter: stay, onmouseleave: again, onfocusin: stay, onfocusout: again },
    h("span", { class: "grow" }, text),
    action ? button(action.label, { onclick: () => { hide(); action.act(); } }) : h("span", {}));
  fill(place, element);
  again();
}

/** While a dialog is open the news is a part of it. */
function stand() {
  const home = topmost();
  if (place.parentElement === home) return;
  home.append(place);
  if (home instanceof HTMLDialogElement) home.addEventListener("close", stand, { once: true });
}
