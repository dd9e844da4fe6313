// Any kind of job, by a form that its options make. Kinds that come later need no code here.
import { Problem, call } from "../core/api.js";
import { emit } from "../core/bus.js";
import { h } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { go } from "../core/router.js";
import { collectionInUse } from "../core/session.js";
import { button } from "../parts/controls.js";
import { showDialog } from "../parts/dialog.js";
import { openMenu } from "../parts/menu.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { kindName, text } from "../parts/words.js";
import { jobAddress } from "./card.js";
import { schemaForm } from "./schema_form.js";

/** @typedef {import("../types").JobKind} JobKind */

export function moreJobs() {
  const opener = h("button", { type: "button", class: "button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": t("imports.more_jobs") }, icon("more"), h("span", { class: "not-phone" }, t("imports.more_jobs")));
  opener.addEventListener("click", async () => {
    try {
      const { kinds } = await call("/jobs/kinds");
      openMenu(opener, kinds.map((/** @type {JobKind} */ one) => ({ label: kindName(one.name), act: () => void start(one) })));
    } catch (error) {
      toast(sentence(error));
    }
  });
  return opener;
}

/** @param {JobKind} kind */
async function start(kind) {
  const collection = collectionInUse();
  const id = await showDialog(kindName(kind.name), (/** @type {(id: string | null) => void} */ close) => {
    const form = schemaForm(kind.options, kind.name);
    const error = h("p", { class: "error", role: "alert" });
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      error.textContent = "";
      const options = form.values();
      if (options === null) return;
      try {
        close((await call("/jobs", { body: { kind: kind.name, collection, options } })).job_id);
      } catch (problem) {
        const isAboutFields = problem instanceof Problem && problem.code === "ERR_VALIDATION";
        error.textContent = isAboutFields ? form.complain(problem.message) : sentence(problem);
      }
    };
    return [
      h("form", { class: "stack", onsubmit: submit, novalidate: true }, h("p", { class: "quiet" }, text(`kind.${kind.name}`, kind.description)),
        h("p", { class: "meta" }, t(`imports.changes.${kind.changes}`, { collection })), ...form.elements, error,
        h("div", { class: "actions" }, button(t("cancel"), { onclick: () => close(null) }), button(t("imports.start"), { kind: "primary", type: "submit" }))),
    ];
  });
  if (!id) return;
  emit("jobs");
  go(jobAddress(id));
}
