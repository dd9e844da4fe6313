// Keys of a place: a letter or a name of KeyboardEvent, where nobody is typing.

/** What gives false has not taken the key: others may. @typedef {Record<string, (event: KeyboardEvent) => void | boolean>} Keys */

/** Whether what is typed goes into a text. @param {EventTarget | null} target */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "range", "file"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/**
 * Listens until what is returned is called. A key that another one, with a dialog open say, has taken is not passed on.
 * @param {Keys} keys @param {{within?: EventTarget, whileTyping?: boolean}} [options]
 * @returns {() => void}
 */
export function onKeys(keys, { within = document, whileTyping = false } = {}) {
  const listener = (/** @type {Event} */ given) => {
    const event = /** @type {KeyboardEvent} */ (given);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!whileTyping && isTyping(event.target)) return;
    const act = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!act || (within === document && document.querySelector("dialog[open]:not([data-keys-pass])"))) return;
    if (act(event) !== false) event.preventDefault();
  };
  within.addEventListener("keydown", listener);
  return () => within.removeEventListener("keydown", listener);
}
