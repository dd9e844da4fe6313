// A small line of a figure over the last hour.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";

const WIDTH = 240, HEIGHT = 40;
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {{label: string, value: string, unit: string, points: (number | null)[]}} said `points` from old to new; null was not measured
 */
export function chart({ label, value, unit, points }) {
  return h("section", { class: "card chart" },
    h("div", { class: "row" }, h("h3", { class: "meta grow" }, label), h("span", { class: "meta" }, t("system.hour"))),
    h("p", {}, h("strong", { class: "chart-value" }, value), " ", h("span", { class: "quiet" }, unit)),
    line(points));
}

/** @param {(number | null)[]} points */
function line(points) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const known = points.filter((one) => one !== null);
  const most = Math.max(...known, 1e-9), step = WIDTH / Math.max(1, points.length - 1);
  let path = "", pen = false;
  points.forEach((one, at) => {
    if (one === null) return (pen = false);
    path += `${pen ? "L" : "M"}${(at * step).toFixed(1)} ${(HEIGHT - 3 - (one / most) * (HEIGHT - 8)).toFixed(1)}`;
    return (pen = true);
  });
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}
