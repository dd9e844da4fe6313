// The system: what runs, what it takes, the collections, the settings, the log.
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { openCollection } from "./collection.js";
import { openLog } from "./log.js";
import { openOverview } from "./overview.js";
import { openSettings } from "./settings.js";

/** A part of the place: what it shows, and how it ends. @typedef {{element: HTMLElement, leave?: () => void}} Part */

const TABS = { "": openOverview, settings: openSettings, log: openLog };

/** @param {import("../core/router.js").Address} address @returns {import("../types").View} */
export function open(address) {
  const body = h("div", {});
  const tabs = h("nav", { class: "tabs", "aria-label": t("nav.system") });
  const badge = h("span", { hidden: true });
  const element = h("div", { class: "page system" }, h("div", { class: "page-head" }, h("h1", {}, t("nav.system")), badge), tabs, body);
  /** @type {Part | null} */
  let part = null;
  let shown = "";
  let name = t("nav.system");

  const show = (/** @type {import("../core/router.js").Address} */ { path }) => {
    const key = path.slice(1).join("/");
    if (part && key === shown) return;
    part?.leave?.();
    shown = key;
    const [tab = "", of] = [path[1], path[2]];
    const current = tab === "collections" ? "" : tab;
    fill(tabs, ...Object.keys(TABS).map((one) =>
      h("a", { href: href(one ? `/system/${one}` : "/system"), "aria-current": one === current ? "page" : null }, t(`system.tab_${one || "overview"}`))));
    part = tab === "collections" && of ? openCollection(of) : (TABS[/** @type {keyof typeof TABS} */ (tab)] ?? openOverview)(badge);
    name = tab === "collections" && of ? of : current ? t(`system.tab_${current}`) : t("nav.system");
    if (current || of) badge.hidden = true;
    fill(body, part.element);
    element.scrollTop = 0;
  };
  show(address);
  return { element, title: () => (name === t("nav.system") ? name : `${name} · ${t("nav.system")}`), update: show, leave: () => part?.leave?.() };
}
