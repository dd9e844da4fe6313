// The originals of a selection in one file.
import { MOST_AT_ONCE } from "../core/batches.js";
import { t } from "../core/i18n.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { download } from "./download.js";

/** @param {string} collection @param {string[]} ids */
export async function downloadZip(collection, ids) {
  if (ids.length > MOST_AT_ONCE) return toast(t("selection.zip.too_many", { count: MOST_AT_ONCE }));
  try {
    await download("/selection/zip", { collection }, ids);
  } catch (error) {
    return toast(sentence(error));
  }
  toast(t("selection.zip.begun", { count: ids.length }));
}
