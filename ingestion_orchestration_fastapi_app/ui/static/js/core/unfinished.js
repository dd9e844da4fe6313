// What goes on in this page and is lost with it: whoever closes the tab is asked first, and a logout breaks it off.

/** @type {Set<() => void>} */
const going = new Set();
/** The browser asks in words of its own. @param {Event} event */
const ask = (event) => event.preventDefault();

export const isUnfinished = () => going.size > 0;

/** @param {() => void} breakOff @returns {() => void} what says that it has ended */
export function whileUnfinished(breakOff) {
  going.add(breakOff);
  addEventListener("beforeunload", ask);
  return () => {
    going.delete(breakOff);
    if (!going.size) removeEventListener("beforeunload", ask);
  };
}

/** Nobody is asked any more. @returns {boolean} whether there was anything */
export function breakOff() {
  const was = isUnfinished();
  for (const one of going) one();
  going.clear();
  removeEventListener("beforeunload", ask);
  return was;
}
