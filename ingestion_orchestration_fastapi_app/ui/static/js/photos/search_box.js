// The one search box: it is on top of every place, and a search is a list of photos with a `q`.
import { h, rested } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { current, go, onAddress } from "../core/router.js";
import { iconButton } from "../parts/controls.js";
import { changed } from "./address.js";

const REST_MS = 250;

export function searchBox() {
  const input = h("input", { type: "search", maxlength: 2000, autocomplete: "off", spellcheck: "false", "aria-label": t("search.label"), placeholder: t("search.placeholder") });
  const clear = iconButton("close", t("search.clear"), { onclick: () => { input.value = ""; run(); input.focus(); } });
  const later = rested(REST_MS);
  const run = () => {
    const { path, query } = current();
    clear.hidden = !input.value;
    if (path.length && !input.value.trim()) return;
    go(changed(query, { q: input.value.trim() || null, rest: null }));
  };
  const show = () => {
    const q = current().query.get("q") ?? "";
    if (input.value.trim() !== q) input.value = q;
    clear.hidden = !input.value;
  };
  input.addEventListener("input", () => later(run));
  onAddress(show);
  show();
  return h("form", { role: "search", class: "search-box", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); run(); } },
    icon("search"), input, h("kbd", { "aria-hidden": "true" }, "/"), clear);
}
