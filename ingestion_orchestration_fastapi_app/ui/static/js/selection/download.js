// What is made of a selection, saved by the browser while it comes.
import { Problem, url } from "../core/api.js";
import { h } from "../core/dom.js";

/**
 * Begins it, once it is sure to come: a form that is refused would lead away from the app.
 * @param {string} path @param {Record<string, string>} fields beside the ids @param {string[]} ids
 */
export async function download(path, fields, ids) {
  await ask(path, { ...fields, ids });
  const hidden = (/** @type {string} */ name, /** @type {string} */ value) => h("input", { type: "hidden", name, value });
  const form = h("form", { method: "post", action: url(path), hidden: true }, ...Object.entries(fields).map(([name, value]) => hidden(name, value)), ...ids.map((id) => hidden("ids", id)));
  document.body.append(form);
  form.submit();
  form.remove();
}

/** Nothing of the answer is read. @param {string} path @param {Record<string, string | string[]>} body */
async function ask(path, body) {
  const over = new AbortController();
  const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: over.signal };
  const answer = await fetch(url(path), asked).catch(() => { throw new Problem({ code: "OFFLINE" }, 0); });
  if (!answer.ok) throw new Problem(await answer.json().catch(() => ({})), answer.status);
  over.abort();
}
