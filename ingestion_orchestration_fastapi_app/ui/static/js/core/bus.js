// What happened that many may want to hear of. Names: see `Events`.

/**
 * `offline`: a call met nobody; `online`: one was answered; `back`: what failed may be asked for again, since somebody answers again or is logged in
 * again; `expired`: the session has ended; `collections`: one was made, renamed or
 * deleted; `jobs`: one was started or controlled; `uploads`: one began or ended; `images`: what people say of images changed (`{annotated, images}`: ids, and the
 * images as they are now), or images went (`{gone}`: ids) or came (`{back}`).
 * @typedef {"offline" | "online" | "back" | "expired" | "collections" | "jobs" | "uploads" | "images" | "collection-in-use"} Events
 */

const target = new EventTarget();

/** @param {Events} name @param {any} [detail] */
export function emit(name, detail) {
  target.dispatchEvent(new CustomEvent(name, { detail }));
}

/** What is returned ends it. @param {Events} name @param {(detail: any) => void} hear @returns {() => void} */
export function on(name, hear) {
  const listener = (/** @type {Event} */ event) => hear(/** @type {CustomEvent} */ (event).detail);
  target.addEventListener(name, listener);
  return () => target.removeEventListener(name, listener);
}
