// Says when nobody answers, and asks again by itself: then all that failed meanwhile may.
import { root } from "../core/api.js";
import { emit, on } from "../core/bus.js";
import { fill, h, topmost } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { button } from "./controls.js";

const FIRST_S = 2, MOST_S = 30;
const place = h("div", { role: "alert" });
let isAway = false, isAsking = false, wait_s = FIRST_S, left_s = 0, timer = 0;

export function watchConnection() {
  document.body.append(place);
  on("offline", () => {
    if (isAway) return;
    isAway = true;
    begin();
  });
  on("online", () => {
    if (!isAway) return;
    clearInterval(timer);
    [isAway, wait_s] = [false, FIRST_S];
    fill(place);
    emit("back");
  });
}

function begin() {
  clearInterval(timer); // another call may have met nobody while this one was asked
  left_s = wait_s;
  timer = window.setInterval(tick, 1000);
  show();
}

function tick() {
  left_s -= 1;
  if (left_s > 0) show();
  else void ask();
}

async function ask() {
  if (isAsking) return;
  clearInterval(timer);
  isAsking = true;
  wait_s = Math.min(MOST_S, wait_s * 2);
  const isThere = await fetch(`${root}/health/live`, { signal: AbortSignal.timeout(5000) }).then((answer) => answer.ok, () => false);
  isAsking = false;
  if (isThere) emit("online");
  else if (isAway) begin();
}

function show() {
  if (place.parentElement !== topmost()) topmost().append(place);
  const said = place.querySelector("span");
  const text = t("trouble.offline", { count: left_s });
  if (said) said.textContent = text;
  else fill(place, h("div", { class: "float" }, h("span", {}, text), button(t("trouble.try_now"), { kind: "plain", onclick: () => void ask() })));
}
