// The originals of a selection in one file.
import { Problem, url } from "../core/api.js";
import { MOST_AT_ONCE } from "../core/batches.js";
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";

const PATH = "/selection/zip";

/** @param {string} collection @param {string[]} ids */
export async function downloadZip(collection, ids) {
  if (ids.length > MOST_AT_ONCE) return toast(t("selection.zip.too_many", { count: MOST_AT_ONCE }));
  try {
    await ask(collection, ids);
  } catch (error) {
    return toast(sentence(error));
  }
  const hidden = (/** @type {string} */ name, /** @type {string} */ value) => h("input", { type: "hidden", name, value });
  const form = h("form", { method: "post", action: url(PATH), hidden: true }, hidden("collection", collection), ...ids.map((id) => hidden("ids", id)));
  document.body.append(form);
  form.submit();
  form.remove();
  toast(t("selection.zip.begun", { count: ids.length }));
}

/** Whether it will come: a form that is refused would lead away from the app. Nothing of the answer is read. @param {string} collection @param {string[]} ids */
async function ask(collection, ids) {
  const over = new AbortController();
  const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ collection, ids }), signal: over.signal };
  const answer = await fetch(url(PATH), asked).catch(() => { throw new Problem({ code: "OFFLINE" }, 0); });
  if (!answer.ok) throw new Problem(await answer.json().catch(() => ({})), answer.status);
  over.abort();
}
