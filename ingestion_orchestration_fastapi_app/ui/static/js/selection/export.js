// Writes what is known of a selection, with vectors, as Parquet files: a job, whose place has them when it has ended.
import { call } from "../core/api.js";
import { MOST_AT_ONCE } from "../core/batches.js";
import { emit } from "../core/bus.js";
import { t } from "../core/i18n.js";
import { go, href } from "../core/router.js";
import { inUse } from "../core/session.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";

/** @param {string} collection @param {string[]} ids */
export async function exportAll(collection, ids) {
  if (ids.length > MOST_AT_ONCE) return toast(t("selection.export.too_many", { count: MOST_AT_ONCE }));
  try {
    const { job_id: job } = await call("/exports", { body: { collection, ids } });
    emit("jobs");
    toast(t("selection.export.begun", { count: ids.length }), { label: t("albums.show_job"), act: () => go(href(`/imports/${job}`, inUse())) });
  } catch (error) {
    toast(sentence(error));
  }
}
