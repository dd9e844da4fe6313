// Says when nobody answers, and asks again by itself.
import { root } from "../core/api.js";
import { emit, on } from "../core/bus.js";
import { fill, h, topmost } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { button } from "./controls.js";

const FIRST_S = 2, MOST_S = 30;
const place = h("div", { role: "alert" });
let wait_s = FIRST_S, left_s = 0, timer = 0;

export function watchConnection() {
  document.body.append(place);
  on("offline", () => { if (!timer) begin(); });
  on("online", end);
}

function begin() {
  clearInterval(timer); // another call may have met nobody while this one was asked
  left_s = wait_s;
  timer = window.setInterval(tick, 1000);
  show();
}

function end() {
  clearInterval(timer);
  [timer, wait_s] = [0, FIRST_S];
  if (place.childElementCount) fill(place);
}

function tick() {
  left_s -= 1;
  if (left_s > 0) show();
  else ask();
}

async function ask() {
  clearInterval(timer);
  timer = 0;
  wait_s = Math.min(MOST_S, wait_s * 2);
  try {
    await fetch(`${root}/health/live`, { signal: AbortSignal.timeout(5000) });
    emit("online", { again: true });
  } catch {
    begin();
  }
}

function show() {
  if (place.parentElement !== topmost()) topmost().append(place);
  const said = place.querySelector("span");
  const text = t("trouble.offline", { count: left_s });
  if (said) said.textContent = text;
  else fill(place, h("div", { class: "float" }, h("span", {}, text), button(t("trouble.try_now"), { kind: "plain", onclick: ask })));
}
