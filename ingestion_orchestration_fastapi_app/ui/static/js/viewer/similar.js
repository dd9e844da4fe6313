// Below the picture: those that look most like it.
import { call, isAbort } from "../core/api.js";
import { fill, h, rested } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { current, href } from "../core/router.js";
import { collectionInUse, inUse } from "../core/session.js";
import { nameOf } from "./stage.js";

/** @typedef {import("../types").Shown} Shown */

const MOST = 12, REST_MS = 200;

/** `open` hears the picture that was chosen and all of the strip, `redrawn` that what had the focus may be gone. @param {{open: (chosen: Shown, all: Shown[]) => void, redrawn: () => void}} told */
export function createStrip({ open, redrawn }) {
  const row = h("ul", { class: "similar-row" });
  const all = h("a", { href: "#" }, t("viewer.see_all"));
  const element = h("section", { class: "similar", "aria-label": t("viewer.similar") },
    h("div", { class: "row" }, h("h2", { class: "grow" }, t("viewer.similar")), all), row);
  const later = rested(REST_MS);
  /** @type {AbortController | null} */
  let asking = null;

  /** @param {Shown} image @param {AbortSignal} signal */
  async function ask(image, signal) {
    try {
      const { results } = await call(`/images/${image.id}/similar`, { query: { collection: collectionInUse(), limit: MOST }, signal });
      if (signal.aborted) return;
      fill(row, ...results.map((/** @type {Shown} */ one) => h("li", {}, tile(one, results))));
      row.removeAttribute("aria-busy");
      redrawn();
      row.scrollLeft = 0;
    } catch (error) {
      if (isAbort(error)) return;
      fill(row, h("li", { class: "meta" }, t("viewer.no_similar")));
      row.removeAttribute("aria-busy");
      redrawn();
    }
  }

  /** @param {Shown} one @param {Shown[]} results */
  function tile(one, results) {
    const query = new URLSearchParams(current().query);
    query.set("photo", one.id);
    const ratio = Math.min(2.4, Math.max(0.5, (one.width_px || 3) / (one.height_px || 2)));
    return h("a", { href: href(`/${current().path.join("/")}`, query), "aria-label": nameOf(one), style: { "aspect-ratio": String(ratio) }, onclick: (/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      open(one, results);
    } }, h("img", { src: one.thumbnail_url, alt: "", loading: "lazy" }));
  }

  return {
    element,
    /** Once nobody has gone on for a moment. @param {Shown} image */
    show(image) {
      asking?.abort();
      const mine = (asking = new AbortController());
      all.href = href("/", inUse({ like: image.id }));
      row.setAttribute("aria-busy", "true");
      later(() => void ask(image, mine.signal));
    },
    end() {
      asking?.abort();
      later(() => {});
    },
  };
}
