// One late piece of news at the bottom, for six seconds, with what can be done about it.
import { fill, h, topmost } from "../core/dom.js";
import { button } from "./controls.js";

const SHOWN_MS = 6000;
const place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
let timer = 0;

/** @param {string} text @param {({label: string, act: () => void} | undefined)[]} actions two at the most */
export function toast(text, ...actions) {
  stand();
  const hide = () => fill(place);
  const again = () => {
    clearTimeout(timer);
    timer = window.setTimeout(hide, SHOWN_MS);
  };
  const stay = () => clearTimeout(timer);
  const element = h("div", { class: "toast", onmouseenter: stay, onmouseleave: again, onfocusin: stay, onfocusout: again },
    h("span", { class: "grow" }, text),
    ...actions.map((one) => (one ? button(one.label, { onclick: () => { hide(); one.act(); } }) : h("span", {}))));
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
