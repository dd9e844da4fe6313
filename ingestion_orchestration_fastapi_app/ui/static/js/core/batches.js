// Calls about more pictures than one request takes.

/** As many ids as the service takes at once. */
export const MOST_AT_ONCE = 5000;

/**
 * Asks part by part, in order, until one part fails. `done`: the ids whose call was answered; `answers`: what was.
 * @template T
 * @param {string[]} ids @param {(part: string[]) => Promise<T>} act
 * @returns {Promise<{done: string[], answers: T[], error: unknown}>} `error`: null where all was done
 */
export async function inBatches(ids, act) {
  /** @type {T[]} */
  const answers = [];
  let at = 0;
  try {
    for (; at < ids.length; at += MOST_AT_ONCE) answers.push(await act(ids.slice(at, at + MOST_AT_ONCE)));
    return { done: ids, answers, error: null };
  } catch (error) {
    return { done: ids.slice(0, at), answers, error };
  }
}
