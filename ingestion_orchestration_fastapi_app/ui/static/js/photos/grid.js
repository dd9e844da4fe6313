// A flat list of pictures in justified rows: what a search found, an album, similar ones. Albums and results build on this contract:
//
//   const grid = photoGrid({ selection, collection, label, name, more, bar, extra });
//   view.element.append(grid.element)     it scrolls by itself and wants a height: `height: 100%`, or `flex: 1; min-height: 0`
//   grid.append(images, { done })         the next pictures in their order; `done`: there are no more
//   grid.head, grid.foot                  elements above and below the pictures, which scroll along: fill() them
//   grid.clear()                          another list begins
//   grid.list                             a PhotoList: the viewer goes on in it, and asks `more` for what is not there yet
//   grid.focus(id)                        scrolls to a picture and gives it the focus; false where the list does not have it
//   grid.leave()                          when the view is left
//
// `more()` is called when the end comes near, one call at a time, and is to `append` before its promise is kept; where it throws, the foot of the
// list says so with a button. Without it the list is what was appended. A click or Enter goes to the address with `photo=ID` (push): the view's
// `update` opens the viewer, see `viewing.js`. While `selection.isActive` a click selects. `extra(image)` gives an element for the top right
// corner of a picture; `bar` shows how well each fits. `images` events of the bus change what tiles show: `{annotated, images}`, `{gone}`.
import { isAbort } from "../core/api.js";
import { on } from "../core/bus.js";
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { button } from "../parts/controls.js";
import { sentence } from "../parts/states.js";
import { keyboard } from "./wall/keyboard.js";
import { listOf } from "./wall/photo_list.js";
import { picking } from "./wall/picking.js";
import { section } from "./wall/sections.js";
import { Wall } from "./wall/wall.js";

/** @typedef {import("../types").Shown} Shown */

const NEAR_SCREENS = 2;

/**
 * @param {{selection: import("./selection.js").Selection, collection: string, label: string, name?: string | null, total?: () => number | null,
 *   more?: () => Promise<void>, bar?: boolean, extra?: (image: Shown) => HTMLElement | null}} options
 * `label`: for screen readers; `name`: what the viewer calls the list ("sand dunes"), null for all photos; `total`: how many there are in all, where that is known
 */
export function photoGrid({ selection, collection, label, name = null, total, more, bar = false, extra }) {
  let isDone = !more, one = section({ key: "all", count: 0, images: [] });
  /** @type {Promise<void> | null} */
  let asking = null;
  const late = h("div", { class: "wall-late", role: "status" });
  const wall = new Wall({ selection, collection, label, bar, extra, moved: () => void near(), isWhole: () => isDone });
  keyboard(wall, picking(wall));
  wall.foot.before(late);

  /** Asks for more where the end is near. */
  function near() {
    const { top, height } = wall.view;
    if (height > 0 && wall.sections.height - top - height < NEAR_SCREENS * height) return ask();
    return null;
  }

  function ask() {
    if (isDone || !more || asking) return asking;
    asking = more().then(() => fill(late), (error) => {
      if (!isAbort(error)) fill(late, h("p", {}, sentence(error)), button(t("again"), { onclick: () => void ask() }));
      throw error;
    }).finally(() => { asking = null; });
    void asking.then(near, () => {});
    return asking;
  }

  const heard = on("back", () => { if (late.childElementCount) void ask(); });
  wall.show([one]);
  const own = listOf(wall, name);
  return {
    element: wall.element, head: wall.head, foot: wall.foot,
    /** @type {import("../types").PhotoList} */
    list: {
      name,
      get total() { return total?.() ?? (isDone ? one.count : null); },
      async around(id) {
        let found = await own.around(id);
        // It may be further down, and so may be the one behind the last.
        while (!isDone && !found?.next) {
          const before = one.count;
          await ask()?.catch(() => {});
          if (one.count === before) break;
          found = await own.around(id);
        }
        return found;
      },
    },
    get length() { return one.count; },
    get images() { return one.images ?? []; },
    /** @param {Shown[]} images @param {{done?: boolean}} [end] */
    append(images, { done = !more } = {}) {
      isDone = done;
      wall.append(one, images);
      queueMicrotask(near);
    },
    clear() {
      one = section({ key: "all", count: 0, images: [] });
      isDone = !more;
      fill(late);
      wall.show([one]);
      wall.scrollTo(-wall.box.offsetTop);
    },
    /** @param {string} id */
    focus: (id) => wall.focus(id),
    /** Draws again after its place changed. */
    draw: () => wall.draw(),
    leave() {
      heard();
      wall.leave();
    },
  };
}
