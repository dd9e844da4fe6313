// What stands around every place: navigation, the search box, the collection in use, theme, language, logging out.
import { on } from "./core/bus.js";
import { fill, h } from "./core/dom.js";
import { icon } from "./core/icons.js";
import { runningJob } from "./core/jobs.js";
import { LANGUAGES, chooseLanguage, language, t } from "./core/i18n.js";
import { current, go, href } from "./core/router.js";
import { collectionInUse, collections, inUse, isLoggedIn, logOut, useCollection } from "./core/session.js";
import { chooseTheme, theme } from "./core/theme.js";
import { isUnfinished } from "./core/unfinished.js";
import { iconButton } from "./parts/controls.js";
import { confirm } from "./parts/dialog.js";
import { hangMenu, openMenu } from "./parts/menu.js";
import { sentence } from "./parts/states.js";
import { toast } from "./parts/toast.js";
import { searchBox } from "./photos/search_box.js";

/** `first`: of its path. @typedef {{first: string, path: string, icon: string, onPhone: boolean}} Place */
/** @type {Place[]} */
const PLACES = [
  { first: "", path: "/", icon: "image", onPhone: true },
  { first: "map", path: "/map", icon: "map", onPhone: true },
  { first: "albums", path: "/albums", icon: "album", onPhone: true },
  { first: "duplicates", path: "/duplicates", icon: "tidy", onPhone: false },
  { first: "imports", path: "/imports", icon: "import", onPhone: true },
  { first: "system", path: "/system", icon: "system", onPhone: false },
];
const LOOK_MS = 15_000;

/** Where a place is shown; it has the focus after another one was opened. */
export const slot = h("main", { class: "place-slot", id: "place", tabIndex: -1 });
const nav = h("nav", { class: "nav", "aria-label": t("nav.label") });
let areJobsRunning = false;

/** The whole app's frame. */
export function shell() {
  const top = h("header", { class: "top" }, h("div", { class: "search-slot" }, searchBox()), h("div", { class: "end" }, collectionButton(), themeButton(), userButton()));
  showPlaces();
  on("collections", showPlaces);
  on("jobs", lookAtJobs);
  const look = () => { if (!document.hidden) void lookAtJobs(); };
  window.setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);
  void lookAtJobs();
  return [h("a", { class: "skip", href: "#place" }, t("skip")), h("div", { class: "app" }, nav, top, slot)];
}

/** After the address changed. */
export function showPlaces() {
  const first = current().path[0] ?? "";
  fill(nav, h("a", { class: "mark", href: href("/", inUse()), "aria-label": t("nav.home") }, icon("mark")),
    ...PLACES.map((one) => link(one, first)), moreLink(first),
    h("a", { class: "place end not-phone", href: href("/help"), "aria-current": first === "help" ? "page" : null }, icon("help"), h("span", {}, t("nav.help"))));
}

/** @param {Place} one @param {string} first */
function link(one, first) {
  const news = one.first === "imports" && areJobsRunning;
  return h("a", { class: one.onPhone ? "place" : "place not-phone", href: href(one.path, inUse()), "aria-current": one.first === first ? "page" : null },
    icon(one.icon), h("span", {}, t(`nav.${one.first || "photos"}`)),
    news ? h("span", { class: "news" }, h("span", { class: "hidden" }, t("nav.running"))) : null);
}

/** On a phone: what has no room below. @param {string} first */
function moreLink(first) {
  const places = PLACES.filter((one) => !one.onPhone);
  const isHere = places.some((one) => one.first === first) || first === "help";
  const opener = h("a", { class: "place only-phone", href: "#more", role: "button", "aria-current": isHere ? "true" : null }, icon("more"), h("span", {}, t("nav.more")));
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    openMenu(opener, [
      ...places.map((one) => ({ label: t(`nav.${one.first}`), icon: one.icon, href: href(one.path, inUse()) })),
      ...collectionItems(),
      { label: t(theme() === "dark" ? "theme.light" : "theme.dark"), icon: theme() === "dark" ? "light" : "dark", act: () => chooseTheme(theme() === "dark" ? "light" : "dark") },
      ...userItems(),
    ]);
  });
  return opener;
}

/** Whether there is none to choose beside the one that is shown, or would be. */
const isOnly = () => collections().every(({ name }) => name === collectionInUse());

function collectionItems() {
  return isOnly() ? [] : collections().map(({ name }) => ({ label: name, chosen: name === collectionInUse(), act: () => useCollection(name) }));
}

function collectionButton() {
  const name = h("strong", {});
  const opener = h("button", { type: "button", class: "button plain", "aria-label": t("collection.choose") }, h("span", { class: "quiet" }, t("collection")), name, icon("down"));
  hangMenu(opener, collectionItems);
  const show = () => {
    name.textContent = collectionInUse();
    opener.hidden = isOnly();
  };
  on("collections", show);
  on("collection-in-use", show);
  show();
  return opener;
}

function themeButton() {
  const opener = iconButton("light", t("theme.switch"));
  const show = () => fill(opener, icon(theme() === "dark" ? "light" : "dark"));
  opener.addEventListener("click", () => {
    chooseTheme(theme() === "dark" ? "light" : "dark");
    show();
  });
  show();
  return opener;
}

function userItems() {
  return [
    ...Object.entries(LANGUAGES).map(([code, name]) => ({ label: name, chosen: code === language, act: () => chooseLanguage(code) })),
    { label: t("nav.help"), icon: "help", href: href("/help") },
    ...(isLoggedIn() ? [{ label: t("logout"), icon: "logout", act: () => void leave() }] : []),
  ];
}

async function leave() {
  if (isUnfinished() && !(await confirm({ title: t("logout.uploading"), text: t("logout.uploading_text"), agree: t("logout"), danger: true }))) return;
  await logOut().catch((error) => toast(t("logout.not", { why: sentence(error) })));
}

function userButton() {
  const opener = iconButton("user", t("user.menu"));
  hangMenu(opener, userItems);
  return opener;
}

/** A dot at "Imports" while something runs. */
async function lookAtJobs() {
  try {
    const now = (await runningJob()) !== null;
    if (now !== areJobsRunning) {
      areJobsRunning = now;
      showPlaces();
    }
  } catch {
    // Told elsewhere.
  }
}

/** The keys that lead from any place to another: `g`, then the first letter. @returns {import("./core/keys.js").Keys} */
export function placeKeys() {
  let until = 0;
  const to = (/** @type {string} */ path) => () => {
    if (performance.now() >= until) return false;
    go(href(path, inUse()));
    return true;
  };
  return {
    g: () => { until = performance.now() + 1500; },
    p: to("/"), m: to("/map"), a: to("/albums"), u: to("/duplicates"), i: to("/imports"), s: to("/system"),
    "/": () => document.querySelector("input[type=search]") instanceof HTMLInputElement && /** @type {HTMLInputElement} */ (document.querySelector("input[type=search]")).focus(),
    "?": () => go(href("/help")),
  };
}
