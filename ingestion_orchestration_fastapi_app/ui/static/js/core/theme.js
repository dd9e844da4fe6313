// Light and dark: the system's, until somebody says otherwise. `first.js` sets it before the first paint.

const KEPT = "theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** @returns {"light" | "dark"} */
export const theme = () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");

/** What is the system's own is not kept: it goes on following it. @param {"light" | "dark"} chosen */
export function chooseTheme(chosen) {
  if ((chosen === "dark") === system.matches) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, chosen);
  document.documentElement.dataset.theme = chosen;
}

export function followSystem() {
  system.addEventListener("change", () => {
    if (!localStorage.getItem(KEPT)) document.documentElement.dataset.theme = system.matches ? "dark" : "light";
  });
}
