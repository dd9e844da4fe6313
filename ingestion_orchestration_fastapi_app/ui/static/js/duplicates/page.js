// Tidy up: pictures that are there more than once, group by group, and which one to keep.
import { fill, h } from "../core/dom.js";
import { bytes } from "../core/format.js";
import { t } from "../core/i18n.js";
import { onKeys } from "../core/keys.js";
import { current, go, href } from "../core/router.js";
import { collectionInUse, inUse, may } from "../core/session.js";
import { viewing } from "../photos/viewing.js";
import { button, iconButton } from "../parts/controls.js";
import { hangMenu } from "../parts/menu.js";
import { empty, sentence, trouble } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { comparison } from "./compare.js";
import { keepAll, keepOne, takeBack } from "./deciding.js";
import { Decisions } from "./decisions.js";
import { CLASSES, Groups, LISTED_ONLY } from "./groups.js";
import { emptyList, exportItems, showDismissed } from "./lists.js";
import { lookButton, looking } from "./looking.js";

/** @typedef {import("./groups.js").Group} Group */

const UPCOMING = 14;
const KEYS = /** @type {const} */ ([["1", "left"], ["2", "right"], ["B", "both"], ["S", "later"], ["U", "undo"], ["D", "blink"]]);

/** @returns {import("../types").View} */
export function open() {
  const mayDecide = may("write");
  let collection = collectionInUse();
  let decisions = new Decisions(collection), groups = new Groups(collection, decisions);
  /** @type {Group | null} */
  let group = null;
  let isBusy = false, turn = 0, showing = 0;
  /** What is being written; whether it was. @type {Promise<boolean> | null} */
  let writing = null;

  const progress = h("p", { class: "tidy-progress quiet" }), bar = h("span", {});
  const meter = h("div", { class: "row tidy-meter", hidden: true }, progress, h("div", { class: "bar" }, bar));
  const lists = button(t("tidy.export"), { icon: "download" }), others = iconButton("more", t("tidy.more"));
  const tabs = h("nav", { class: "tabs", "aria-label": t("tidy.classes"), hidden: true });
  const says = h("p", { class: "quiet tidy-says" });
  const which = h("h2", {}), how = h("p", { class: "quiet" }), news = h("p", { class: "hidden", role: "status" });
  const next = h("div", { class: "tidy-strip" });
  const compare = comparison({ keep: (side) => void keep(side), alone: () => void keep("alone"), may: mayDecide });
  const viewer = viewing({ list: () => (group ? compare.list : null), focus: compare.focus });
  const both = h("button", { type: "button", class: "button", "aria-disabled": mayDecide ? null : true, onclick: () => void dismiss() });
  const later = h("button", { type: "button", class: "button plain", onclick: () => void putOff() }, t("tidy.later"), h("kbd", { "aria-hidden": "true" }, "S"));
  const stage = h("div", { class: "tidy-stage" },
    h("div", { class: "tidy-side" }, which, how, news,
      h("dl", { class: "tidy-keys", "aria-hidden": "true" }, ...KEYS.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(`tidy.key_${what}`))]))),
    compare.element);
  const end = h("div", { class: "tidy-end" }, h("p", { class: "meta tidy-next-label" }, t("tidy.next")), next, h("div", { class: "row tidy-whole" }, later, both));
  const slot = h("div", { class: "tidy-slot" });
  /** @type {ReturnType<typeof looking>} */
  let search = looking({ collection, ended: () => void load() });
  const running = h("div", {}, search.element);
  const element = h("div", { class: "page tidy" },
    h("div", { class: "page-head" }, h("h1", {}, t("nav.duplicates")), meter, lists, others), running, tabs, slot);

  hangMenu(lists, () => exportItems(decisions, collection, groups.cls));
  hangMenu(others, () => [
    { label: t("undo"), icon: "undo", key: "U", act: () => void undo() },
    ...(mayDecide ? [{ label: t("tidy.look_again"), icon: "search", act: () => void search.start() }] : []),
    { label: t("tidy.dismissed"), icon: "less", act: () => void showDismissed(collection).then(load) },
    ...(decisions.files && mayDecide ? [{ label: t("tidy.empty_list"), icon: "trash", act: () => void alone(async () => { if (await emptyList(decisions)) await load(); }) }] : []),
  ]);

  /** An address within the place. @param {string} cls @param {number} [id] */
  const at = (cls, id) => href("/duplicates", inUse({ class: cls, ...(id ? { group: String(id) } : {}) }));
  const asked = () => ({ cls: CLASSES.find((one) => one === current().query.get("class")) ?? "", id: Number(current().query.get("group")) || 0 });

  /** @param {...Node} what */
  const put = (...what) => {
    compare.stop();
    fill(slot, ...what);
  };

  /** Reads the class of the address anew. */
  const load = async () => {
    const mine = ++turn;
    group = null;
    groups = new Groups(collection, decisions);
    try {
      await decisions.takeOver().catch(() => {}); // it stays where it is, for the next time
      const [found] = await Promise.all([groups.open(asked().cls), decisions.count()]);
      if (mine !== turn) return;
      lists.hidden = others.hidden = !found;
      if (!found) return neverLooked();
      drawHead();
      await show();
    } catch (error) {
      if (mine !== turn) return;
      lists.hidden = others.hidden = true;
      put(trouble(error, load));
    }
  };

  /** The same, where nobody else says what went wrong. */
  const showOrSay = async () => {
    const mine = turn;
    try {
      await show();
    } catch (error) {
      if (mine === turn) put(trouble(error, () => void showOrSay()));
    }
  };

  /** Shows the group of the address, or else the first that is open. */
  const show = async (from = 0) => {
    const mine = turn, last = ++showing, { id } = asked();
    let found = id ? await groups.find(id) : null;
    if (!found || found.images.length < 2 || groups.isDecided(found)) found = await groups.next(from);
    if (found) await groups.find(found.id); // all of its images
    if (mine !== turn || last !== showing) return;
    const [left, right] = found ? groups.pairOf(found) : [];
    group = left && right ? found : null;
    drawHead();
    if (!group || !left || !right) return allDone();
    if (!stage.isConnected) put(says, stage, end);
    compare.show(group, [left, right]);
    if (id !== group.id || asked().cls !== groups.cls) go(at(groups.cls, group.id), { replace: true });
    drawAround();
    compare.preload(groups.upcoming(group, 2)[1]);
  };

  const drawHead = () => {
    const { decided, total } = groups.progress, size = decisions.bytes;
    meter.hidden = total === 0;
    progress.textContent = [t("tidy.decided", { decided, total }), size ? t("tidy.to_win", { size: bytes(size) }) : ""].filter(Boolean).join(" · ");
    bar.style.width = `${total ? (100 * decided) / total : 0}%`;
    const classes = CLASSES.filter((one) => groups.total(one) || one === groups.cls);
    tabs.hidden = CLASSES.every((one) => !groups.total(one));
    fill(tabs, ...classes.map((one) => h("a", { href: at(one), "aria-current": one === groups.cls ? "page" : null }, t(`tidy.class_${one}`), h("span", { class: one === groups.cls ? "badge accent" : "badge" }, groups.total(one)))));
    tabs.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    says.textContent = t(!mayDecide ? "tidy.look_only" : groups.cls === LISTED_ONLY ? "tidy.says_listed" : "tidy.says_leaves");
  };

  const drawAround = () => {
    if (!group) return;
    which.textContent = t("tidy.group", { number: groups.number(group), total: groups.progress.total });
    how.textContent = t("tidy.files", { count: group.count });
    news.textContent = `${which.textContent}. ${how.textContent}`;
    fill(both, t(group.count > 2 ? "tidy.keep_all" : "tidy.keep_both"), h("kbd", { "aria-hidden": "true" }, "B"));
    const hadFocus = next.contains(document.activeElement);
    fill(next, ...groups.upcoming(group, UPCOMING).map((one) =>
      h("a", { class: "tidy-thumb", href: at(groups.cls, one.id), "aria-current": one === group ? "true" : null, "aria-label": t("tidy.group", { number: groups.number(one), total: groups.progress.total }) },
        h("img", { src: one.images[0]?.thumbnail_url ?? "", alt: "" }), h("span", { class: "tidy-count", "aria-hidden": "true" }, one.count))));
    const here = next.firstElementChild;
    if (hadFocus && here instanceof HTMLElement) here.focus();
  };

  const neverLooked = () => {
    meter.hidden = tabs.hidden = true;
    put(empty({ icon: "tidy", title: t("tidy.never"), text: t("tidy.never_text"), actions: mayDecide ? [lookButton(() => void search.start())] : [] }));
  };

  const allDone = () => {
    const { total, decided } = groups.progress, waiting = groups.putOff, { files } = decisions;
    const other = CLASSES.find((one) => one !== groups.cls && groups.totals[one]?.undecided);
    const goOn = other ? [button(t("tidy.go_on", { name: t(`tidy.class_${other}`) }), { kind: waiting.length ? "" : "primary", href: at(other) })] : [];
    const again = mayDecide ? [button(t("tidy.look_again"), { icon: "search", onclick: () => void search.start() })] : [];
    if (waiting.length) {
      const back = button(t("tidy.put_off_show"), { kind: "primary", onclick: () => { for (const one of waiting) decisions.putOff(`${groups.job}:${one.id}`, false); go(at(groups.cls), { replace: true, quiet: true }); void showOrSay(); } });
      put(empty({ icon: "clock", title: t("tidy.put_off", { count: waiting.length }), actions: [back, ...goOn] }));
    } else if (total === 0) put(empty({ icon: "check", title: t("tidy.nothing"), text: t("tidy.nothing_text"), actions: [...goOn, ...again] }));
    else put(empty({ icon: "check", title: t("tidy.all_decided", { count: decided }), text: files ? t("tidy.all_decided_text", { count: files }) : "", actions: [...goOn, ...again] }));
  };

  /** Does one thing at a time, and says what went wrong. @param {() => Promise<void>} act */
  const alone = async (act) => {
    if (isBusy) return; // nobody decides about a picture before it is seen
    isBusy = true;
    stage.classList.add("busy");
    try {
      if (!writing || await writing) await act();
    } catch (error) {
      toast(sentence(error));
    } finally {
      isBusy = false;
      stage.classList.remove("busy");
    }
  };
  const decide = (/** @type {(one: Group) => Promise<void>} */ act) => alone(async () => {
    if (!group) return;
    if (mayDecide) await act(group);
    else toast(t("tidy.look_only"));
  });
  /** Goes on behind a group that is decided or put off. @param {Group} done */
  const goOn = async (done) => {
    const had = document.activeElement;
    go(at(groups.cls), { replace: true, quiet: true });
    await show(groups.list.indexOf(done) + 1);
    const first = slot.querySelector("a, button");
    if (had && !had.isConnected && first instanceof HTMLElement) first.focus();
  };

  /**
   * Writes what the page shows already; where that fails, it is taken back there, too.
   * @param {Group} one @param {() => Promise<string>} write answers with what to say @param {() => void} back
   */
  const writeDown = (one, write, back) => {
    const mine = turn, { cls } = groups;
    const run = async () => {
      try {
        const said = await write();
        toast(said, { label: t("undo"), act: () => void undo() });
        await decisions.count();
        if (mine === turn) drawHead();
        return true;
      } catch (error) {
        back();
        toast(sentence(error));
        if (mine === turn && cls === groups.cls) {
          go(at(cls, one.id), { replace: true, quiet: true });
          await showOrSay();
        }
        return false;
      } finally {
        writing = null;
      }
    };
    writing = run();
  };

  /** @param {0 | 1 | "alone"} side */
  const keep = (side) => decide(async (one) => {
    const pair = compare.pair();
    if (!pair) return;
    const kept = pair[side === 1 ? 1 : 0], away = side === "alone" ? one.images.filter((image) => image !== kept) : pair.filter((image) => image !== kept);
    const { back, before } = groups.decide(one, kept, away), of = groups;
    const word = groups.cls === LISTED_ONLY ? "tidy.listed" : "tidy.left", name = away[0]?.filename ?? "";
    writeDown(one, async () => t(word, { count: await keepOne(of, one, kept, away, before), name }), back);
    const rest = one.images.find((image) => image !== kept);
    if (groups.isDecided(one) || !rest) return goOn(one);
    drawHead();
    compare.show(one, side === 1 ? [rest, kept] : [kept, rest]);
    drawAround();
  });
  const dismiss = () => decide(async (one) => {
    const back = groups.dismiss(one), of = groups, { count } = one;
    writeDown(one, async () => { await keepAll(of, one); return t("tidy.kept_all", { count }); }, back);
    await goOn(one);
  });
  const putOff = () => alone(async () => {
    if (!group) return;
    decisions.putOff(`${groups.job}:${group.id}`, true);
    await goOn(group);
  });
  const undo = () => alone(async () => {
    const last = await takeBack(groups);
    if (!last) return toast(t("tidy.nothing_to_undo"));
    const isShown = last.job === groups.job;
    toast(t(isShown ? "tidy.undone" : "tidy.taken_back"));
    await decisions.count();
    if (isShown && last.cls === groups.cls) await groups.refresh(last.group);
    const to = at(last.cls, isShown ? last.group : 0);
    group = null;
    if (to === location.pathname + location.search) await show();
    else go(to, { replace: last.cls === groups.cls });
  });

  const keys = onKeys({
    1: () => void keep(0), 2: () => void keep(1), b: () => void dismiss(), s: () => void putOff(), u: () => void undo(),
    d: () => { if (group) compare.blink(); },
  });
  const start = () => {
    void search.find().catch(() => {}); // the groups say what is wrong
    void load().then(() => viewer.update(current()));
  };
  start();
  return {
    element,
    title: () => {
      const cls = asked().cls || groups.cls;
      return cls ? `${t(`tidy.class_${cls}`)} · ${t("nav.duplicates")}` : t("nav.duplicates");
    },
    update(to) {
      if (viewer.update(to)) return;
      if (collection !== collectionInUse()) {
        search.stop();
        collection = collectionInUse();
        decisions = new Decisions(collection);
        search = looking({ collection, ended: () => void load() });
        fill(running, search.element);
        start();
      } else if (asked().cls !== groups.cls) void load();
      else if (!group || asked().id !== group.id) void showOrSay();
    },
    leave() {
      turn += 1;
      viewer.leave();
      search.stop();
      compare.stop();
      keys();
    },
  };
}
