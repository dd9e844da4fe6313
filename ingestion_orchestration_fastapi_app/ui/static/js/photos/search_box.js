// The one search box: it is on top of every place, and a search is a list of photos with a `q`.
import { h, rested } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { current, go, onAddress } from "../core/router.js";
import { iconButton } from "../parts/controls.js";
import { FILTERS, changed } from "./address.js";
import { catchPictures, choosePicture, keepPicture } from "./picture_query.js";

const REST_MS = 250;
const SETTLED_MS = 2500; // who then types on makes another search

const input = h("input", { type: "search", maxlength: 2000, autocomplete: "off", spellcheck: "false", enterkeyhint: "search", "aria-label": t("search.label"), placeholder: t("search.placeholder") });
let isTyping = false;
const settleLater = rested(SETTLED_MS);
const settle = () => { isTyping = false; };

export function searchBox() {
  const clear = iconButton("close", t("search.clear"), { onclick: () => { input.value = ""; settle(); run(); input.focus(); } });
  const later = rested(REST_MS);
  const show = () => {
    const q = current().query.get("q") ?? "";
    if (input.value.trim() !== q) {
      input.value = q;
      settle();
    }
    clear.hidden = !input.value;
  };
  input.addEventListener("input", () => { clear.hidden = !input.value; later(run); });
  input.addEventListener("blur", settle);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    if (input.value) clear.click();
    else input.blur();
  });
  onAddress(show);
  show();
  catchPictures((file) => void searchByPicture(file));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    run();
    settle();
    if (matchMedia("(pointer: coarse)").matches) input.blur(); // the keyboard covers what was found
  };
  return h("form", { role: "search", class: "search-box", onsubmit: submit },
    icon("search"), input, h("kbd", { "aria-hidden": "true" }, "/"), clear,
    iconButton("camera", t("search.by_picture"), { onclick: () => choosePicture((file) => void searchByPicture(file)) }));
}

export const focusSearchBox = () => input.focus();

/** Searches for what is written. While somebody goes on typing it stays one step back. */
function run() {
  const { path, query } = current();
  const q = input.value.trim();
  if (q === (query.get("q") ?? "")) return;
  if (path.length && !q) return;
  go(changed(listQuery(), { q: q || null, rest: null, plain: null }), { replace: isTyping && path.length === 0 });
  isTyping = document.activeElement === input;
  settleLater(settle);
}

/** @param {File} file */
export async function searchByPicture(file) {
  const id = await keepPicture(file);
  if (id) go(changed(listQuery(), { picture: id, rest: null }));
}

/** What of the address goes along to the photos: of the map all that narrows it, of other places the collection. */
function listQuery() {
  const { path, query } = current();
  if (!path.length) return query;
  const kept = path[0] === "map" ? ["in", ...Object.keys(FILTERS)] : ["in"];
  return new URLSearchParams([...query].filter(([name]) => kept.includes(name)));
}
