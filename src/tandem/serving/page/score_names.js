/** What scores are called. */

import { t } from "./texts.js";

const NAMES = { bleu: "BLEU", chrf: "chrF", ter: "TER", wer: "WER", per: "PER", cer: "CER" };

/**
 * Return how a score is written, such as "chrF" for "chrf"; one that is not known here keeps its name.
 *
 * @param {string} name
 */
export function scoreName(name) {
  return name === "exact" ? t("score.exact") : (NAMES[name] ?? name);
}
