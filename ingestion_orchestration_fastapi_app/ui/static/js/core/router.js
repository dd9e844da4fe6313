// The address bar holds the state: who wants another view changes the address.
import { root } from "./api.js";

/** `path`: the parts behind the app's own, none for the start page. @typedef {{path: string[], query: URLSearchParams}} Address */
/** How an address came: by the app, by back and forward (`travel`), or with the page (`load`). @typedef {"push" | "replace" | "travel" | "load"} How */

/** @type {((address: Address, how: How) => void)[]} */
const listeners = [];

/** @returns {Address} */
export function current() {
  const path = decoded(location.pathname).slice(root.length).split("/").filter(Boolean);
  return { path, query: new URLSearchParams(location.search) };
}

/** Not every address that can be written says a text. @param {string} path */
function decoded(path) {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/** @param {string} path begins with a slash @param {URLSearchParams | Record<string, string>} [query] */
export function href(path, query) {
  const text = query ? new URLSearchParams(query).toString().replaceAll("%2F", "/").replaceAll("%3A", ":") : "";
  return `${root}${path}${text ? `?${text}` : ""}`;
}

/**
 * Goes to an address as `href` gives it. The same address again is nothing new.
 * @param {string} to @param {{replace?: boolean, quiet?: boolean}} [options] `quiet`: the view knows already
 */
export function go(to, { replace = false, quiet = false } = {}) {
  if (to === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"]({ depth: depth() + (replace ? 0 : 1) }, "", to);
  if (!quiet) tell(replace ? "replace" : "push");
}

/** Also for a view that learns later what it shows. @param {string} title without the app's name */
export function nameTab(title) {
  document.title = title ? `${title} · Photoseek` : "Photoseek";
}

/** How many addresses of the app lie before this one. */
const depth = () => history.state?.depth ?? 0;

/** Back where that stays within the app, else to `otherwise`. @param {string} otherwise */
export function back(otherwise) {
  if (depth() > 0) history.back();
  else go(otherwise, { replace: true });
}

/** @param {(address: Address, how: How) => void} listener */
export function onAddress(listener) {
  listeners.push(listener);
}

/** @param {How} how */
function tell(how) {
  for (const listener of listeners) listener(current(), how);
}

/** Links of the app change the address without loading the page. */
export function start() {
  history.scrollRestoration = "manual";
  window.addEventListener("popstate", () => tell("travel"));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download") || link.dataset.outside !== undefined) return;
    if (link.origin !== location.origin || !link.pathname.startsWith(`${root}/`)) return;
    if (/^\/(api|docs|openapi\.json|metrics|static|health)(\/|$)/.test(link.pathname.slice(root.length))) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  tell("load");
}
