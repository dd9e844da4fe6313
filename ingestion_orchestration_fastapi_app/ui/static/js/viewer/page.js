// One picture, large, over the place that opened it. The address is the opener's: it hears which picture is shown, and when to close.
import { annotate, favoured, isFavourite, rated, ratingOf, tagsOf } from "../core/annotations.js";
import { Problem } from "../core/api.js";
import { on } from "../core/bus.js";
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { onKeys } from "../core/keys.js";
import { go } from "../core/router.js";
import { may } from "../core/session.js";
import { button, iconButton } from "../parts/controls.js";
import { empty, sentence, trouble } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { createBar } from "./bar.js";
import { createDetails } from "./details.js";
import { example, forget, items, takeOriginal } from "./deeds.js";
import { createSequence, isWhole, whole } from "./sequence.js";
import { createStrip } from "./similar.js";
import { createStage } from "./stage.js";

/** @typedef {import("../types").Shown} Shown */
/** @typedef {import("../types").PhotoList} PhotoList */

const KEPT = "details";
const isPhone = () => innerWidth <= 700;

/**
 * @param {{list: PhotoList | null, id: string, onMove: (id: string) => void, onClose: () => void}} opened
 * @returns {{show: (id: string) => void, close: () => void}}
 */
export function openViewer({ list, id, onMove, onClose }) {
  const mayWrite = may("write");
  const sequence = createSequence(list);
  /** @type {Shown | null} */
  let image = null;
  let wanted = "", turn = 0, isClosed = false;
  /** Until the list has told what is beside the picture that is wanted. */
  let placed = Promise.resolve();
  /** Steps that wait for that, forward or back. */
  let ahead = 0, isWalking = false;
  let passed = new AbortController();

  const bar = createBar({
    close: () => leave(), nearer: () => stage.nearer(), farther: () => stage.farther(), wholeOrFull: () => (stage.isWhole() ? stage.full() : stage.whole()),
    rate, favour, tag, download: () => void original(true), details: () => showDetails(details.element.hidden),
    items: () => (image ? items(image, { mayWrite, see: () => void original(false), save: () => void original(true), forget: remove }) : []),
  }, mayWrite);
  const stage = createStage({
    swiped: (by) => void step(by), closed: () => leave(), raised: () => showDetails(true),
    zoomed: (percent, isAll) => bar.zoomed(percent, isAll), forget: mayWrite ? remove : null,
  });
  const details = createDetails({ rate, addTag: (one) => say({ add_tags: [one] }), removeTag: (one) => say({ remove_tags: [one] }), close: () => showDetails(false) }, mayWrite);
  const strip = createStrip({
    open(chosen, all) {
      if (image) sequence.goAside(image, all);
      ahead = 0;
      move(chosen.id);
    },
    redrawn: keepFocus,
  });
  const previous = iconButton("back", t("viewer.previous"), { class: "step previous", onclick: () => void step(-1) });
  const next = iconButton("forward", t("viewer.next"), { class: "step next", onclick: () => void step(1) });
  stage.element.append(previous, next);
  const dialog = h("dialog", { class: "viewer", dataset: { theme: "dark" }, "aria-label": t("viewer"), tabIndex: -1 }, bar.element, stage.element, strip.element, details.element);

  /** @param {string} wish */
  function show(wish) {
    if (wish === wanted || isClosed) return;
    wanted = wish;
    placed = find(wish, ++turn);
  }

  /** @param {string} wish @param {number} mine */
  async function find(wish, mine) {
    passed.abort();
    passed = new AbortController();
    const near = sequence.near(wish);
    if (near) draw(near);
    try {
      const found = await sequence.around(wish);
      if (mine !== turn || isClosed) return;
      if (found.image !== image) draw(found.image);
      place(found);
      if (!isWhole(found.image)) void complete(found.image, mine);
    } catch (error) {
      if (mine === turn && !isClosed) refuse(error, wish);
    }
  }

  /** @param {unknown} error @param {string} wish */
  function refuse(error, wish) {
    image = null; // nothing is done to what is not seen
    stage.refuse(refusal(error, () => { wanted = ""; show(wish); }));
  }

  /** After nobody answered: what could not be had of the picture that is shown, and what is beside it. */
  async function complement() {
    const mine = turn, one = image;
    stage.again();
    const found = one && (await sequence.around(one.id).catch(() => null));
    if (found && mine === turn && !isClosed) place(found);
  }

  /** Where it fails the picture is seen all the same. @param {Shown} one the list's own: it is whole from now on @param {number} mine */
  async function complete(one, mine) {
    const said = one.annotation;
    try {
      const all = await whole(one.id, passed.signal), now = one.annotation;
      if (now && now !== said) all.annotation = { ...now, tags: tagsOf(all) }; // what was said meanwhile is not in the answer
      Object.assign(one, all);
      if (mine === turn && !isClosed) details.show(one);
    } catch (error) {
      if (mine !== turn || isClosed) return;
      if (error instanceof Problem && error.status === 404) refuse(error, one.id);
      else details.refuse(trouble(error, () => void complete(one, mine)));
    }
  }

  /** @param {unknown} error @param {() => void} again */
  function refusal(error, again) {
    if (!(error instanceof Problem) || error.status !== 404) return trouble(error, again);
    return empty({ icon: "image", title: t("viewer.not_here"), actions: [button(t("viewer.back"), { kind: "primary", onclick: leave })] });
  }

  /** @param {Shown} one */
  function draw(one) {
    image = one;
    stage.show(one);
    bar.show(one, null, null, "");
    if (isWhole(one)) details.show(one);
    strip.show(one);
    keepFocus();
  }

  /** What had it may have been taken away: then keys would reach nobody. */
  function keepFocus() {
    if (!dialog.querySelector(":focus")) dialog.focus({ preventScroll: true });
  }

  /** @param {import("./sequence.js").Found} found */
  function place(found) {
    bar.show(found.image, found.position, found.total, found.name);
    for (const [button, to] of /** @type {const} */ ([[previous, found.previous], [next, found.next]])) {
      if (!to && button === document.activeElement) dialog.focus();
      button.hidden = !to;
    }
    stage.beside(found.previous, found.next);
  }

  /** @param {string} to */
  function move(to) {
    show(to);
    onMove(to);
  }

  /** Each step is made, however fast they come: those that the list has no picture for yet wait for it. @param {number} by */
  async function step(by) {
    ahead += by;
    if (isWalking) return;
    isWalking = true;
    for (await placed; ahead && !isClosed; await placed) {
      const to = sequence.beside(ahead);
      ahead = to ? ahead - Math.sign(ahead) : 0;
      if (to) move(to.id);
    }
    isWalking = false;
  }

  /** @param {import("../core/annotations.js").Change} change */
  async function say(change) {
    if (!image || !mayWrite) return;
    try {
      await annotate([image], change);
    } catch (error) {
      toast(t("viewer.not_saved", { why: sentence(error) }));
    }
  }

  /** @param {number} stars */
  function rate(stars) {
    if (image) void say(rated(image, stars));
  }

  function favour() {
    if (image) void say(favoured(!isFavourite(image)));
  }

  function tag() {
    if (!mayWrite) return;
    showDetails(true);
    void details.editTags();
  }

  /** @param {"like" | "unlike"} name */
  function ask(name) {
    if (image) go(example(name, image.id));
  }

  async function original(/** @type {boolean} */ save) {
    const one = image;
    if (one && !(await takeOriginal(one, { save })) && one === image) stage.explain("gone");
  }

  async function remove() {
    if (!image) return;
    const gone = image, after = sequence.beside(1) ?? sequence.beside(-1);
    await forget(gone, {
      went: () => {
        if (image !== gone || isClosed) return;
        sequence.without(gone.id);
        if (after) move(after.id);
        else leave();
      },
      returned: () => { if (!isClosed) move(gone.id); },
    });
  }

  /** @param {boolean} isOpen */
  function showDetails(isOpen) {
    if (!isOpen && details.element.contains(document.activeElement)) dialog.focus();
    details.element.hidden = !isOpen;
    bar.details.setAttribute("aria-pressed", String(isOpen));
    if (!isPhone()) localStorage.setItem(KEPT, isOpen ? "1" : "0");
  }

  /** 0 shows the whole picture; where it is seen already it takes the rating back, and says so. */
  function zero() {
    if (!stage.isWhole()) return stage.whole();
    const had = image && ratingOf(image);
    if (!had || had < 0) return;
    rate(0);
    toast(t("viewer.unrated"), { label: t("undo"), act: () => rate(had) });
  }

  /** @param {number} x @param {number} y @returns {(event: KeyboardEvent) => void} */
  const arrow = (x, y) => (event) => {
    if (!stage.isWhole() && (event.shiftKey || y)) stage.pan(x / 4, y / 4);
    else if (x && !event.shiftKey && !(event.repeat && isWalking)) void step(-x);
  };
  /** @type {import("../core/keys.js").Keys} */
  const keys = {
    ArrowLeft: arrow(1, 0), ArrowRight: arrow(-1, 0), ArrowUp: arrow(0, 1), ArrowDown: arrow(0, -1),
    "+": () => stage.nearer(), "=": () => stage.nearer(), "-": () => stage.farther(), "−": () => stage.farther(), 0: zero,
    f: favour, t: tag, i: () => showDetails(details.element.hidden), d: () => void original(true),
    l: () => ask("like"), L: () => ask("unlike"),
  };
  for (const stars of [1, 2, 3, 4, 5]) keys[stars] = () => rate(stars);
  const ends = [
    onKeys(keys, { within: dialog }),
    on("back", () => void complement()),
    on("images", ({ annotated, images } = {}) => {
      if (!image || !annotated?.includes(image.id)) return;
      image.annotation = images?.find((/** @type {Shown} */ one) => one.id === image?.id)?.annotation ?? image.annotation;
      bar.say(image);
      details.say(image);
    }),
  ];

  function leave() {
    if (!isClosed) dialog.close();
  }

  /** However it was closed; `told`: the opener knows. */
  let told = false;
  dialog.addEventListener("close", () => {
    if (isClosed) return;
    isClosed = true;
    passed.abort();
    for (const end of ends) end();
    stage.end();
    strip.end();
    details.end();
    dialog.remove();
    if (!told) onClose();
  });

  details.element.hidden = isPhone() || localStorage.getItem(KEPT) === "0";
  bar.details.setAttribute("aria-pressed", String(!details.element.hidden));
  document.body.append(dialog);
  dialog.showModal();
  dialog.focus();
  show(id);
  return {
    show(wish) {
      ahead = 0;
      show(wish);
    },
    close: () => {
      told = true;
      leave();
    },
  };
}
