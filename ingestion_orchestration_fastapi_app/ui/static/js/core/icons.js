// The icons: 24 units wide, drawn for this app, stroked by CSS. `f` marks shapes that are filled.

/** @type {Record<string, string>} */
const SHAPES = {
  album: "M7 3h10 M5 6.5h14 M4 10h16v10H4z",
  alert: "M12 4 21 20H3z M12 10v4.5 M12 17.3v.2",
  back: "M15 5 8 12l7 7",
  blink: "M3 12h4l2-7 4 14 2-7h6",
  box: "M4 4h5 M15 4h5v5 M20 15v5h-5 M9 20H4v-5 M4 9V4",
  calendar: "M4 6h16v14H4z M4 10.5h16 M8 3v5 M16 3v5",
  camera: "M3 8h4l2-3h6l2 3h4v11H3z M12 17a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  caption: "M4 5h16v11H10l-4 4v-4H4z M8 9h8 M8 12h5",
  check: "M5 12.5 10 17l9-10",
  circle: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z M12 7.5V12l3 2",
  close: "M6 6l12 12 M18 6 6 18",
  copies: "M8 8h12v12H8z M16 8V4H4v12h4",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  down: "M5 9l7 7 7-7",
  download: "M12 4v11 M7 11l5 5 5-5 M5 20h14",
  edit: "M4 20l1-4L16 5l3 3L8 19z M14 7l3 3",
  eye: "M2.5 12C5 7.5 8.5 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-6 6.5-9.5 6.5s-7-2-9.5-6.5z M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  filter: "M4 6.5h16 M7 12h10 M10 17.5h4",
  folder: "M3 6h6l2 2.5h10V19H3z",
  forward: "M9 5l7 7-7 7",
  heart: "M12 20C5 15 3 11.5 3 8.5A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 9 1.5C21 11.5 19 15 12 20z",
  help: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .9-1 1.7 M12 16.5v.2",
  image: "M4 5h16v14H4z M4 16l5-5 4 4 2-2 5 5 M15.5 9.5v.1",
  import: "M12 4v9 M8 10l4 4 4-4 M4 14v6h16v-6",
  info: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z M12 11v5.5 M12 7.5v.2",
  less: "M8 8h12v12H8z M16 8V4H4v12h4 M11 14h6",
  lens: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
  light: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M12 2.5v2 M12 19.5v2 M2.5 12h2 M19.5 12h2 M5.3 5.3l1.4 1.4 M17.3 17.3l1.4 1.4 M5.3 18.7l1.4-1.4 M17.3 6.7l1.4-1.4",
  like: "M8 8h12v12H8z M16 8V4H4v12h4 M14 11v6 M11 14h6",
  logout: "M14 4H5v16h9 M10 12h11 M17 8l4 4-4 4",
  map: "M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2z M9 4v14 M15 6v14",
  mark: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z M15.5 15.5 21 21 M7 12l2.5-3 2 2 1.5-1.5 2 2.5",
  minus: "M5 12h14",
  more: "M4.5 12a.8.8 0 1 0 1.6 0 .8.8 0 0 0-1.6 0z M11.2 12a.8.8 0 1 0 1.6 0 .8.8 0 0 0-1.6 0z M17.9 12a.8.8 0 1 0 1.6 0 .8.8 0 0 0-1.6 0z",
  pause: "M8 5v14 M16 5v14",
  pin: "M12 21c-4.5-5-7-8-7-11.5a7 7 0 0 1 14 0C19 13 16.5 16 12 21z M12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  play: "M7 5l12 7-12 7z",
  plus: "M12 5v14 M5 12h14",
  refresh: "M4 12a8 8 0 0 1 14-5.3L20 9 M20 4v5h-5 M20 12a8 8 0 0 1-14 5.3L4 15 M4 20v-5h5",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z M15.5 15.5 21 21",
  settings: "M4 7h10 M18 7h2 M4 17h2 M10 17h10 M16 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z M8 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  star: "M12 3.5l2.6 5.6 6 .7-4.5 4.1 1.3 6.1-5.4-3.1-5.4 3.1 1.3-6.1-4.5-4.1 6-.7z",
  system: "M4 4h16v7H4z M4 14h16v6H4z M7.5 7.5v.1 M7.5 17v.1",
  tag: "M4 4h8l8 8-8 8-8-8z M8 8v.1",
  tidy: "M8 8h12v12H8z M16 8V4H4v12h4",
  trash: "M4 7h16 M9 7V4h6v3 M6 7l1 13h10l1-13",
  undo: "M8 5 4 9l4 4 M4 9h10a6 6 0 0 1 0 11H9",
  upload: "M12 16V5 M7 9l5-5 5 5 M5 20h14",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4.5 20.5c.8-4 3.8-6 7.5-6s6.7 2 7.5 6",
};
const SVG = "http://www.w3.org/2000/svg";

/** Decoration: the words beside it, or the button's `aria-label`, say what it means. @param {string} name @param {{filled?: boolean}} [options] */
export function icon(name, { filled = false } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", filled ? "icon filled" : "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name] ?? SHAPES.circle ?? "");
  if (filled) path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}
