// A picture of one's own that is searched by: chosen, dropped or pasted. It lives in this tab's memory alone.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { toast } from "../parts/toast.js";

const KEPT = 4; // for Back
const LARGE_BYTES = 4_000_000;
const SIDE_PX = 1280; // more than any model looks at
const PREVIEW_PX = 48;
const MOST_BYTES = 60_000_000;

/** @typedef {{name: string, file: Blob, preview: HTMLCanvasElement | null}} Picture */

/** By what the address calls them. @type {Map<string, Picture>} */
const pictures = new Map();

/** Undefined after the page was loaded anew. @param {string} id */
export const pictureOf = (id) => pictures.get(id);

/** Keeps a file; gives what the address calls it, null where it is none that can be searched by. @param {File} file */
export async function keepPicture(file) {
  const bitmap = await createImageBitmap(file).catch(() => null); // RAW and HEIC: the service reads them
  if (!bitmap && !/^image\/|^$|octet-stream/.test(file.type)) {
    toast(t("picture.no_picture", { name: file.name }));
    return null;
  }
  const sent = bitmap && file.size > LARGE_BYTES ? await smaller(bitmap) : file;
  if (sent.size > MOST_BYTES) {
    toast(t("picture.too_large", { name: file.name }));
    return null;
  }
  const id = Date.now().toString(36);
  pictures.set(id, { name: file.name || t("picture.pasted"), file: sent, preview: bitmap && drawn(bitmap, PREVIEW_PX) });
  bitmap?.close();
  for (const old of [...pictures.keys()].slice(0, -KEPT)) pictures.delete(old);
  return id;
}

/** @param {ImageBitmap} bitmap @param {number} side_px of the square that it covers */
function drawn(bitmap, side_px) {
  const canvas = h("canvas", { width: side_px, height: side_px, "aria-hidden": "true" });
  const side = Math.min(bitmap.width, bitmap.height);
  canvas.getContext("2d")?.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, side_px, side_px);
  return canvas;
}

/** @param {ImageBitmap} bitmap */
async function smaller(bitmap) {
  const scale = Math.min(1, SIDE_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

/** Opens the system's choice of files. @param {(file: File) => void} take */
export function choosePicture(take) {
  const input = h("input", { type: "file", accept: "image/*,.heic,.heif,.dng,.cr2,.cr3,.nef,.arw,.raf,.orf,.rw2", hidden: true });
  input.addEventListener("change", () => { if (input.files?.[0]) take(input.files[0]); });
  input.click();
}

/** A picture that is dropped or pasted anywhere, where no part of the page takes it for itself. @param {(file: File) => void} take */
export function catchPictures(take) {
  const hint = h("div", { class: "drop-hint", "aria-hidden": "true" }, t("picture.drop"));
  let timer = 0;
  document.addEventListener("dragover", (event) => {
    const isOurs = !event.defaultPrevented && event.dataTransfer?.types.includes("Files");
    if (!isOurs) return hint.remove();
    event.preventDefault();
    if (!hint.isConnected) document.body.append(hint);
    clearTimeout(timer);
    timer = window.setTimeout(() => hint.remove(), 300); // it is told again and again while something is above
  });
  document.addEventListener("drop", (event) => {
    hint.remove();
    const file = event.dataTransfer?.files[0];
    if (event.defaultPrevented || !file) return;
    event.preventDefault();
    take(file);
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (event.defaultPrevented || !file) return;
    event.preventDefault();
    take(file);
  });
}
