/** The texts of the interface, in English, German and Chinese, and numbers as the language writes them. */

import { beamTexts } from "./texts/beam.js";
import { compareTexts } from "./texts/compare.js";
import { heatTexts } from "./texts/heat.js";
import { insideTexts } from "./texts/inside.js";
import { shellTexts } from "./texts/shell.js";
import { trainingTexts } from "./texts/training.js";
import { translateTexts } from "./texts/translate.js";
import { wordsTexts } from "./texts/words.js";

/** The languages, and what each calls itself. */
export const LANGUAGES = { en: "English", de: "Deutsch", zh: "中文" };

const ORDER = Object.keys(LANGUAGES);
const KEY = "tandem.language";
const LOOKING = { ...heatTexts, ...insideTexts, ...trainingTexts, ...compareTexts };
const ALL = { ...shellTexts, ...translateTexts, ...beamTexts, ...wordsTexts, ...LOOKING };

/** The texts by language and key. The files in `texts/` hold the three of a key side by side. */
export const texts = Object.fromEntries(
  ORDER.map((language, place) => [
    language,
    Object.fromEntries(Object.entries(ALL).map(([key, each]) => [key, each[place]])),
  ]),
);

let current = "en";

/**
 * Return the text of a key, with `{name}` replaced by the value of that name; "KEY.one" is taken where `count` is 1.
 *
 * @param {string} key
 * @param {Record<string, string|number>} [values]
 */
export function t(key, values = {}) {
  const known = texts[current];
  const text = (values.count === 1 && known[`${key}.one`]) || known[key];
  if (text === undefined) throw new Error(`There is no text ${JSON.stringify(key)}.`);
  return text.replace(/\{(\w+)\}/g, (all, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value, 0) : (value ?? all);
  });
}

/** Return a number with so many digits after the point, as the language writes it; a dash for `null`. */
export function number(value, digits = 2) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" }; // no −0.00
  const text = new Intl.NumberFormat(current, shown).format(value);
  return text.replace("-", "−");
}

/** Return a share from 0 to 1 as per cent, with more digits where it is small. */
export function percent(share) {
  if (share === null || share === undefined || Number.isNaN(share)) return "–";
  const digits = share >= 0.1 || share === 0 ? 0 : share >= 0.001 ? 1 : 2;
  return new Intl.NumberFormat(current, { style: "percent", maximumFractionDigits: digits }).format(share);
}

/** Return the language in use. */
export function language() {
  return current;
}

/** Use a language, and keep that for the next visit. */
export function setLanguage(chosen) {
  current = chosen;
  localStorage.setItem(KEY, chosen);
}

/**
 * Use the language that was kept, or the first of the browser's that there are texts in.
 *
 * @param {readonly string[]} wished the browser's languages, such as ["de-AT", "en"]
 */
export function chooseLanguage(wished) {
  const kept = localStorage.getItem(KEY);
  const candidates = [kept, ...wished.map((each) => each.slice(0, 2).toLowerCase()), "en"];
  current = candidates.find((each) => ORDER.includes(each));
}
