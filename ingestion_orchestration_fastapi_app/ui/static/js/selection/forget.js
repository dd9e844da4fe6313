// Takes pictures out of the collection; the files stay, and for a while there is a way back.
import { call } from "../core/api.js";
import { inBatches } from "../core/batches.js";
import { emit } from "../core/bus.js";
import { t } from "../core/i18n.js";
import { confirm } from "../parts/dialog.js";
import { unfinished } from "../parts/states.js";
import { toast } from "../parts/toast.js";

/** @param {string} collection @param {string[]} ids @param {() => void} went */
export async function forget(collection, ids, went) {
  if (!(await confirm({ title: t("selection.forget.title", { count: ids.length }), text: t("selection.forget.text"), agree: t("selection.forget"), danger: true }))) return;
  const { done, answers, error } = await inBatches(ids, async (part) => {
    const answer = await call("/selection/forget", { body: { ids: part, collection } });
    emit("images", { ids: part, gone: true });
    return answer;
  });
  const count = answers.reduce((sum, one) => sum + one.forgotten, 0);
  const action = done.length ? { label: t("undo"), act: () => void restore(collection, done) } : undefined;
  if (!error) went();
  toast(error ? unfinished(error, done.length, ids.length) : t("selection.forgotten", { count }), action);
}

/** @param {string} collection @param {string[]} ids */
async function restore(collection, ids) {
  const { done, answers, error } = await inBatches(ids, async (part) => {
    const answer = await call("/selection/restore", { body: { ids: part, collection } });
    emit("images", { ids: part, gone: false });
    return answer;
  });
  const sum = (/** @type {"restored" | "left" | "missing"} */ name) => answers.reduce((all, one) => all + one[name], 0);
  const lost = sum("missing");
  toast(error ? unfinished(error, done.length, ids.length) : lost ? t("selection.restored_partly", { restored: sum("restored"), count: lost }) : t("selection.restored", { count: sum("restored") }));
}
