// Asks for the key, once: a cookie remembers the session, and no script sees it.
import { Problem, root } from "./core/api.js";
import { h } from "./core/dom.js";
import { icon } from "./core/icons.js";
import { t } from "./core/i18n.js";
import { href } from "./core/router.js";
import { logIn } from "./core/session.js";
import { button } from "./parts/controls.js";
import { sentence } from "./parts/states.js";

/** Where to afterwards: a place of this app alone. @param {URLSearchParams} query */
function next(query) {
  const wanted = query.get("next") ?? "";
  const read = URL.canParse(wanted, location.origin) ? new URL(wanted, location.origin) : null; // as the browser will
  const isOwn = wanted.startsWith(`${root}/`) && read?.origin === location.origin;
  return isOwn ? wanted : href("/");
}

/** @param {import("./core/router.js").Address} address @returns {import("./types").View} */
export function open(address) {
  const error = h("p", { class: "error", id: "key-error", role: "alert" });
  const input = h("input", { class: "input", id: "key", type: "password", required: true, maxlength: 1000, autocomplete: "current-password", "aria-describedby": "key-error" });
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    error.textContent = "";
    try {
      await logIn(input.value);
      location.assign(next(address.query));
    } catch (problem) {
      input.setAttribute("aria-invalid", "true");
      error.textContent = problem instanceof Problem && problem.status === 401 ? t("login.wrong") : sentence(problem);
      input.select();
    }
  };
  const element = h("main", { class: "login" },
    h("form", { class: "card stack", onsubmit: submit },
      h("span", { class: "mark" }, icon("mark")),
      h("h1", {}, "Photoseek"),
      address.query.get("expired") ? h("p", { class: "quiet" }, t("login.expired")) : null,
      h("input", { value: "Photoseek", autocomplete: "username", readonly: true, hidden: true }),
      h("div", { class: "field" }, h("label", { for: "key" }, t("login.key")), input, error, h("p", { class: "hint" }, t("login.hint"))),
      button(t("login"), { kind: "primary", type: "submit" })));
  queueMicrotask(() => input.focus());
  return { element, title: t("login") };
}
