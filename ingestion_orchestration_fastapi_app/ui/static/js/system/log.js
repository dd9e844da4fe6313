// The newest lines of the orchestrator's log, as they come.
import { call } from "../core/api.js";
import { h } from "../core/dom.js";
import { locale, t } from "../core/i18n.js";
import { segmented, toggle } from "../parts/controls.js";
import { sentence } from "../parts/states.js";

const LOOK_MS = 2000, MOST_LINES = 500;
/** @typedef {import("../types").LogLine} LogLine */

/** @returns {import("./page.js").Part} */
export function openLog() {
  const lines = h("ol", { class: "log mono", tabIndex: 0, "aria-label": t("system.tab_log") });
  const status = h("p", { class: "meta", role: "status" });
  let after = 0, level = "info", follows = true, asking = false, turn = 0;
  const load = async () => {
    if (asking || !follows || document.hidden) return;
    asking = true;
    const mine = turn;
    try {
      const answer = await call("/system/log", { query: { after, level, limit: MOST_LINES } });
      if (mine !== turn) return; // of the level before
      const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
      lines.append(...answer.lines.map(line));
      while (lines.childElementCount > MOST_LINES) lines.firstElementChild?.remove();
      after = answer.next_after;
      status.textContent = lines.childElementCount ? "" : t("system.log_empty");
      if (atEnd) lines.scrollTop = lines.scrollHeight;
    } catch (error) {
      if (mine === turn) status.textContent = sentence(error);
    } finally {
      if (mine === turn) asking = false;
    }
  };
  const choices = ["debug", "info", "warning", "error"].map((value) => ({ value, label: t(`system.level_${value}`) }));
  const levels = segmented(t("system.level"), choices, level, (value) => {
    [level, after, asking] = [value, 0, false];
    turn += 1;
    lines.replaceChildren();
    void load();
  });
  void load();
  const timer = window.setInterval(() => void load(), LOOK_MS);
  const element = h("div", { class: "stack" }, h("div", { class: "row log-tools" }, levels, toggle(t("system.follow"), true, (on) => { follows = on; void load(); })), status, lines);
  return { element, leave: () => clearInterval(timer) };
}

/** @param {LogLine} one */
function line(one) {
  const keys = Object.entries(one.keys).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
  return h("li", { class: `log-${one.level}` },
    h("time", { datetime: one.at }, new Date(one.at).toLocaleTimeString(locale)), " ", h("b", {}, one.level), " ", h("span", {}, one.event), " ", h("span", { class: "quiet" }, keys));
}
