// Pictures in rows of one width, each in its own shape. Pure: numbers in, numbers out.

/** `first`: the number of its first picture. `widths` are whole pixels and fill the row, unless it is open. @typedef {{first: number, height: number, widths: number[]}} Row */
/**
 * `width`: of the rows; `target`: the height that is wanted; `closed`: other pictures come below, so the last row is filled too;
 * `single`: one picture a row.
 * @typedef {{width: number, target: number, gap: number, closed?: boolean, single?: boolean}} Measures
 */

const LEAST_RATIO = 0.5, GREATEST_RATIO = 3.2;
/** How far a row may be from the height that is wanted. */
const LEAST = 0.5, GREATEST = 2.2;
/** A last row that would be higher is left open. */
const STAYS_OPEN = 1.6;
/** What a row costs that no bounds allow: any other is better. */
const FORBIDDEN = 1000;
/** What is usual where the pictures themselves are not known yet. */
const USUAL_RATIO = 1.4;

/** Width by height, within what a row can take. @param {{width_px: number, height_px: number}} image */
export const ratio = ({ width_px, height_px }) => Math.min(GREATEST_RATIO, Math.max(LEAST_RATIO, width_px / height_px || 1));

/**
 * Breaks where the rows together are nearest to the wanted height. `best[i]` is what the first `i` pictures cost at least, `from[i]` where the
 * last row of these begins: so each row is looked at once, whatever comes after it.
 * @param {ArrayLike<number>} ratios @param {Measures} measures @returns {Row[]}
 */
export function rows(ratios, measures) {
  const { width, target, gap, closed = false, single = false } = measures;
  const count = ratios.length;
  if (single) return Array.from({ length: count }, (_, i) => row(ratios, i, i + 1, measures, false));
  const best = new Float64Array(count + 1).fill(Infinity), from = new Int32Array(count + 1);
  best[0] = 0;
  let isOpen = false;
  for (let end = 1; end <= count; end += 1) {
    let sum = 0;
    for (let begin = end - 1; begin >= 0; begin -= 1) {
      sum += /** @type {number} */ (ratios[begin]);
      const room = width - gap * (end - 1 - begin), share = room / (sum * target);
      // Even one picture may be too high or too flat for the bounds: then it has its row all the same.
      if (share < LEAST && begin < end - 1) break;
      const open = end === count && !closed && share > STAYS_OPEN;
      const log = Math.log(share);
      const cost = open ? 0.05 + 2.2 * (1 - 1 / share) ** 2 + (begin === end - 1 ? 0.6 : 0) : 6 * log * log + (share > GREATEST || share < LEAST ? FORBIDDEN : 0);
      const whole = /** @type {number} */ (best[begin]) + cost;
      if (whole < /** @type {number} */ (best[end])) {
        [best[end], from[end]] = [whole, begin];
        if (end === count) isOpen = open;
      }
    }
  }
  /** @type {Row[]} */
  const found = [];
  for (let end = count; end > 0; end = /** @type {number} */ (from[end])) {
    found.push(row(ratios, /** @type {number} */ (from[end]), end, measures, isOpen && end === count));
  }
  return found.reverse();
}

/** @param {ArrayLike<number>} ratios @param {number} begin @param {number} end @param {Measures} measures @param {boolean} isOpen @returns {Row} */
function row(ratios, begin, end, { width, target, gap }, isOpen) {
  let sum = 0;
  for (let i = begin; i < end; i += 1) sum += /** @type {number} */ (ratios[i]);
  const room = width - gap * (end - begin - 1);
  const height = isOpen ? target : room / sum;
  /** @type {number[]} */
  const widths = [];
  let at = 0, used = 0;
  for (let i = begin; i < end; i += 1) {
    at += height * /** @type {number} */ (ratios[i]);
    widths.push(Math.round(at) - used); // so the last one takes what rounding left
    used = Math.round(at);
  }
  return { first: begin, height: Math.round(height), widths };
}

/** How high so many pictures will be, roughly, before their shapes are known. @param {number} count @param {Measures} measures */
export function estimatedHeight(count, { width, target, gap, single }) {
  if (single) return Math.round(count * (width / USUAL_RATIO + gap));
  return Math.ceil((USUAL_RATIO * count * target) / width) * (target + gap);
}
