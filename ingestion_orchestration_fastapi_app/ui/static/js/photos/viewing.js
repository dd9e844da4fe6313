// Opens the viewer over a list as the address says, and closes it: `photo=ID` is the picture that is shown. For every place with a list:
//
//   const viewer = viewing({ list: () => grid.list, focus: (id) => grid.focus(id) })
//   viewer.update(address)     when the view is opened, and whenever its address changes
//   viewer.leave()
import { part } from "../core/api.js";
import { rested } from "../core/dom.js";
import { back, current, go, href } from "../core/router.js";

const REST_MS = 150; // browsers take no more than 20 addresses a second

/** The same place with another picture in the viewer, or with none. @param {string | null} id */
export function withPhoto(id) {
  const { path, query } = current();
  if (id) query.set("photo", id);
  else query.delete("photo");
  return href(`/${path.join("/")}`, query);
}

/** @param {{list: () => import("../types").PhotoList | null, focus: (id: string) => unknown}} over `focus`: the last picture that was seen gets the focus */
export function viewing({ list, focus }) {
  /** @type {{show: (id: string) => void, close: () => void} | null} */
  let viewer = null;
  let seen = "", turn = 0;
  /** By a key or a button: the address follows. */
  let isClosing = false;
  const follow = rested(REST_MS);

  /** @param {string} id */
  async function show(id) {
    const mine = ++turn;
    seen = id;
    if (viewer) return viewer.show(id);
    const loaded = await part(import("../viewer/page.js")).catch(() => null); // that is told, and the address is shown later
    if (mine !== turn || !loaded) return;
    viewer = loaded.openViewer({
      list: list(), id,
      onMove(to) {
        seen = to;
        follow(() => go(withPhoto(to), { replace: true, quiet: true }));
      },
      onClose() {
        follow(() => {});
        viewer = null;
        isClosing = true;
        back(withPhoto(null));
        focus(seen);
      },
    });
  }

  /** @returns {boolean} whether it was open */
  function close() {
    turn += 1;
    follow(() => {});
    viewer?.close();
    const wasOpen = viewer !== null;
    viewer = null;
    return wasOpen;
  }

  return {
    /** @param {import("../core/router.js").Address} address @returns {boolean} whether the viewer is open, or was: then the list stays where it is */
    update({ query }) {
      const id = query.get("photo"), wasOpen = viewer !== null || isClosing;
      isClosing = false;
      if (id) void show(id);
      else if (close()) focus(seen);
      return id !== null || wasOpen;
    },
    leave: () => void close(),
  };
}
