// Words by key, in the language of the reader. A dictionary is a file a language.
import { root } from "./api.js";

export const LANGUAGES = { en: "English", de: "Deutsch" };
const KEPT = "language";

/** Until the dictionary is there, which may fail. @type {Record<string, string>} */
let words = { again: "Try again", "trouble.bug": "Photoseek could not be loaded." };
export let language = "en";
/** For numbers and dates: the language as the reader's country writes it. */
export let locale = "en";
/** @type {Intl.PluralRules} */
let plurals = new Intl.PluralRules("en");

/** What was chosen, or else the browser's, or else English. @returns {keyof typeof LANGUAGES} */
function wanted() {
  const kept = localStorage.getItem(KEPT);
  const asked = kept ? [kept] : navigator.languages.map((one) => one.slice(0, 2));
  return /** @type {keyof typeof LANGUAGES} */ (asked.find((one) => one in LANGUAGES) ?? "en");
}

/** Before anything is shown. */
export async function loadWords() {
  language = wanted();
  locale = navigator.languages.find((one) => one.startsWith(language)) ?? language;
  plurals = new Intl.PluralRules(language);
  document.documentElement.lang = language;
  const answer = await fetch(`${root}/static/i18n/${language}.json`);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  words = await answer.json();
}

/** The page is drawn anew: the only thing that is. @param {string} chosen */
export function chooseLanguage(chosen) {
  localStorage.setItem(KEPT, chosen);
  location.reload();
}

/**
 * The words of a key. `{name}` is what `values` say; with `count` the key `….one` or `….other` is taken, and the number is written as people do.
 * @param {string} key @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const count = values.count;
  const found = typeof count === "number" ? words[`${key}.${plurals.select(count)}`] ?? words[`${key}.other`] ?? words[key] : words[key];
  if (found === undefined) return key;
  return found.replace(/\{(\w+)\}/g, (all, name) => {
    const value = values[name];
    return value === undefined ? all : typeof value === "number" ? value.toLocaleString(locale) : within(value);
  });
}

/** A name that turns the writing around does so within itself. @param {string} value */
const within = (value) => (/[\u202a-\u202e\u2066-\u2069]/.test(value) ? `\u2068${value}\u2069` : value);

/** Whether there are words for it: of codes and names that the service may have more of. @param {string} key */
export const has = (key) => key in words;
