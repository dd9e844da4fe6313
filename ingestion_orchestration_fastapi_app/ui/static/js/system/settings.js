// Every setting, with where its value comes from. They are changed where the service is started.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { trouble } from "../parts/states.js";
import { spoken, text } from "../parts/words.js";
import { badgeOf } from "./facts.js";

/** @typedef {import("../types").Setting} Setting */

/** @returns {import("./page.js").Part} */
export function openSettings() {
  const list = h("div", { class: "stack system-stack" });
  const input = h("input", { class: "input", type: "search", id: "setting", placeholder: t("system.find_setting") });
  /** @type {Setting[]} */
  let all = [];
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((one) => words.every((word) => `${one.name} ${one.description}`.toLowerCase().includes(word)));
    const groups = Map.groupBy(found, (one) => String(one.group));
    fill(list, ...[...groups].map(([group, settings]) => card(group, settings)), found.length ? null : h("p", { class: "quiet" }, t("system.no_setting")));
  };
  input.addEventListener("input", show);
  const load = async () => {
    try {
      all = (await call("/system/settings")).settings;
      show();
    } catch (error) {
      fill(list, trouble(error, () => void load()));
    }
  };
  void load();
  return { element: h("div", { class: "stack system-stack" }, h("p", { class: "quiet" }, t("system.settings_why")), h("div", { class: "field" }, h("label", { for: "setting", class: "hidden" }, t("system.find_setting")), input), list) };
}

/** @param {string} group @param {Setting[]} settings */
const card = (group, settings) =>
  h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, text(`system.group_${group}`, group))),
    h("dl", { class: "settings" }, ...settings.flatMap((one) => [
      h("dt", {}, h("code", {}, one.name), one.source === "default" ? null : badgeOf(text(`system.source_${one.source}`, spoken(String(one.source))), "accent")),
      h("dd", {}, h("p", { class: "setting-value" }, one.is_secret ? t(one.is_set ? "system.secret_set" : "system.secret_unset") : shown(one.value)),
        h("p", { class: "meta" }, h("span", { lang: "en" }, one.description), one.source === "default" || one.is_secret ? "" : ` ${t("system.default_is", { value: shown(one.default) })}`)),
    ])));

/** @param {Setting["value"]} value */
function shown(value) {
  if (value === null || value === "") return "–";
  if (Array.isArray(value)) return value.length ? value.join(", ") : "–";
  return String(value);
}
