// What is known of a selection: as a table that is downloaded, or with vectors as Parquet files, by a job whose place has them when it has ended.
import { call } from "../core/api.js";
import { MOST_AT_ONCE } from "../core/batches.js";
import { emit } from "../core/bus.js";
import { t } from "../core/i18n.js";
import { go, href } from "../core/router.js";
import { inUse, may } from "../core/session.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { download } from "./download.js";

/** Items of a menu. @param {() => string} collection @param {() => string[]} ids */
export function exportChoices(collection, ids) {
  const choice = (/** @type {"csv" | "json" | "parquet"} */ name, /** @type {(collection: string, ids: string[]) => Promise<void>} */ act) => ({ label: t(`selection.export.${name}`), act: () => void tried(act, collection(), ids()) });
  return [
    choice("csv", (...given) => table("csv", ...given)),
    choice("json", (...given) => table("json", ...given)),
    ...(may("write") ? [choice("parquet", parquet)] : []),
  ];
}

/** @param {(collection: string, ids: string[]) => Promise<void>} act @param {string} collection @param {string[]} ids */
async function tried(act, collection, ids) {
  if (ids.length > MOST_AT_ONCE) return toast(t("selection.export.too_many", { count: MOST_AT_ONCE }));
  try {
    await act(collection, ids);
  } catch (error) {
    toast(sentence(error));
  }
}

/** @param {"csv" | "json"} format @param {string} collection @param {string[]} ids */
async function table(format, collection, ids) {
  await download("/selection/export", { collection, format }, ids);
  toast(t("selection.export.table", { count: ids.length }));
}

/** @param {string} collection @param {string[]} ids */
async function parquet(collection, ids) {
  const { job_id: job } = await call("/exports", { body: { collection, ids } });
  emit("jobs");
  toast(t("selection.export.begun", { count: ids.length }), { label: t("albums.show_job"), act: () => go(href(`/imports/${job}`, inUse())) });
}
