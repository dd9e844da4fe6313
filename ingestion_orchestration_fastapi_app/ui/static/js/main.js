// Starts the app: words, who calls, the frame, and the place that the address names.
import { Problem, part } from "./core/api.js";
import { emit, on } from "./core/bus.js";
import { fill, h } from "./core/dom.js";
import { loadWords, t } from "./core/i18n.js";
import { isTyping, onKeys } from "./core/keys.js";
import { current, href, nameTab, onAddress, start } from "./core/router.js";
import { followTabs, loadCollections, loadSession } from "./core/session.js";
import { followSystem } from "./core/theme.js";
import { watchConnection } from "./parts/offline.js";
import { empty, trouble } from "./parts/states.js";

/** @typedef {import("./core/router.js").Address} Address */
/** @typedef {import("./types").View} View */

/** Each place is loaded when it is first opened. @type {Record<string, () => Promise<{open: (address: Address) => View | Promise<View>}>>} */
const PLACES = {
  "": () => import("./photos/page.js"),
  map: () => import("./map/page.js"),
  albums: () => import("./albums/page.js"),
  duplicates: () => import("./duplicates/page.js"),
  imports: () => import("./imports/page.js"),
  system: () => import("./system/page.js"),
  help: () => import("./help.js"),
};

/** Those that have addresses below their own. */
const DEEP = new Set(["albums", "imports", "system"]);

/** @type {View | null} */
let view = null;
/** @type {string | null} */
let shown = null;
let turn = 0;

/** @param {Address} address @param {import("./core/router.js").How} how @param {HTMLElement} slot */
async function show(address, how, slot) {
  const [first = "", ...below] = address.path;
  const place = Object.hasOwn(PLACES, first) && (!below.length || DEEP.has(first)) ? PLACES[first] : undefined;
  const name = place ? first : null;
  if (view && shown === name) {
    view.update?.(address, how);
    return named(view);
  }
  const mine = ++turn;
  view?.leave?.();
  [view, shown] = [null, name];
  try {
    const opened = place ? await (await part(place())).open(address) : nowhere();
    if (mine !== turn) return opened.leave?.();
    view = opened;
    fill(slot, opened.element);
    named(opened);
    if (how === "push" && !isTyping(document.activeElement)) slot.focus({ preventScroll: true });
  } catch (error) {
    if (mine !== turn) return;
    shown = null;
    fill(slot, trouble(error, () => void show(current(), "replace", slot)));
  }
}

/** @param {View} one */
function named(one) {
  nameTab(typeof one.title === "string" ? one.title : one.title());
}

/** @returns {View} */
function nowhere() {
  const home = h("a", { class: "button primary", href: href("/") }, t("nowhere.home"));
  return { element: empty({ icon: "search", title: t("nowhere.title"), text: t("nowhere.text"), actions: [home] }), title: t("nowhere.title") };
}

async function logInFirst() {
  const { open } = await part(import("./login.js"));
  const opened = open(current());
  fill(document.body, opened.element);
  named(opened);
}

/** The address is kept: after the login it is shown. */
function toLogin() {
  location.assign(href("/login", { next: location.pathname + location.search }));
}

let isAsking = false;

/** The session has ended while the app is open: whoever logs in goes on where they were. */
async function askAgain() {
  if (isAsking) return;
  isAsking = true;
  try {
    const { logInAgain } = await part(import("./login.js"));
    await logInAgain();
  } catch {
    return; // the next call asks again
  } finally {
    isAsking = false;
  }
  emit("back");
}

async function begin() {
  followSystem();
  const words = loadWords();
  if (current().path[0] === "login") return words.then(logInFirst);
  try {
    await Promise.all([words, loadSession(), loadCollections()]);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return toLogin();
    await words.catch(() => {});
    return broken(error);
  }
  const { shell, slot, showPlaces, placeKeys } = await part(import("./shell.js"));
  fill(document.body, ...shell());
  watchConnection();
  on("expired", () => void askAgain());
  followTabs(() => {});
  on("back", () => void show(current(), "replace", slot));
  onKeys(placeKeys());
  onAddress((address, how) => {
    showPlaces();
    void show(address, how, slot);
  });
  start();
}

/** In place of the whole app. @param {unknown} error */
const broken = (error) => fill(document.body, trouble(error, () => location.reload()));

begin().catch(broken);
