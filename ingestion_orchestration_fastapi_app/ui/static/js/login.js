// Asks for the key, once: a cookie remembers the session, and no script sees it.
import { Problem, root } from "./core/api.js";
import { h } from "./core/dom.js";
import { icon } from "./core/icons.js";
import { t } from "./core/i18n.js";
import { href } from "./core/router.js";
import { followTabs, loadSession, logIn, wasBrokenOff } from "./core/session.js";
import { button } from "./parts/controls.js";
import { sentence } from "./parts/states.js";

/** Where to afterwards: a place of this app alone. @param {URLSearchParams} query */
function next(query) {
  const wanted = query.get("next") ?? "";
  const read = URL.canParse(wanted, location.origin) ? new URL(wanted, location.origin) : null; // as the browser will
  const isOwn = wanted.startsWith(`${root}/`) && read?.origin === location.origin;
  return isOwn ? wanted : href("/");
}

/** The login as a page. @param {import("./core/router.js").Address} address @returns {import("./types").View} */
export function open(address) {
  const form = keyForm(() => location.assign(next(address.query)), { isAgain: false });
  queueMicrotask(() => /** @type {HTMLElement | null} */ (form.querySelector("[autofocus]"))?.focus());
  return { element: h("main", { class: "login" }, form), title: t("login") };
}

/** The login over the place, of which nothing is seen meanwhile; done when somebody is logged in, here or in another tab. @returns {Promise<void>} */
export function logInAgain() {
  const title = document.title;
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "login login-over", closedby: "none", "aria-label": t("login") });
    const end = followTabs(() => loadSession().then(done, () => {}));
    let isIn = false;
    const done = () => {
      isIn = true;
      dialog.close();
    };
    dialog.addEventListener("close", () => {
      if (!isIn) return dialog.showModal(); // browsers that do not know `closedby`
      end();
      dialog.remove();
      document.title = title;
      resolve();
    });
    dialog.append(keyForm(done, { isAgain: true }));
    document.title = `${t("login")} · Photoseek`;
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** @param {() => void} done @param {{isAgain: boolean}} options */
function keyForm(done, { isAgain }) {
  const error = h("p", { class: "error", id: "key-error", role: "alert" });
  const input = h("input", { class: "input", id: "key", type: "password", required: true, autofocus: true, maxlength: 1000, autocomplete: "current-password", "aria-describedby": "key-error" });
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    error.textContent = "";
    try {
      await logIn(input.value);
      done();
    } catch (problem) {
      input.setAttribute("aria-invalid", "true");
      error.textContent = problem instanceof Problem && problem.status === 401 ? t("login.wrong") : sentence(problem);
      input.select();
    }
  };
  return h("form", { class: "card stack", onsubmit: submit },
    h("span", { class: "mark" }, icon("mark")),
    h("h1", {}, "Photoseek"),
    isAgain ? h("p", { class: "quiet" }, t("login.expired")) : wasBrokenOff() ? h("p", { class: "quiet" }, t("login.broken_off")) : null,
    h("input", { value: "Photoseek", autocomplete: "username", readonly: true, hidden: true }),
    h("div", { class: "field" }, h("label", { for: "key" }, t("login.key")), input, error, h("p", { class: "hint" }, t("login.hint"))),
    button(t("login"), { kind: "primary", type: "submit" }));
}
