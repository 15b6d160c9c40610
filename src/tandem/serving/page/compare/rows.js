/** The pairs that two models are compared on, and the rows of the answer in the order asked for. */

/** The orders of the rows. */
export const ORDERS = ["file", "difference", "first", "second", "worst", "best"];

/**
 * Return the lines of a text, without a last empty one.
 *
 * @param {string} text
 */
export function linesOf(text) {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/**
 * Return sources and references of a file or of pasted lines: two columns with a tab between, or sources alone.
 *
 * @param {string} text
 * @returns {{sources: string[], references: string[]|null}}
 */
export function pairsOf(text) {
  const rows = linesOf(text).map((line) => line.split("\t"));
  const paired = rows.length > 0 && rows.every((row) => row.length >= 2);
  return {
    sources: rows.map(([source]) => source),
    references: paired ? rows.map(([, reference]) => reference) : null,
  };
}

/**
 * Return what is to be compared, or why it cannot be, as the key of a text and its values.
 *
 * @param {string} sourceText lines, or source and reference with a tab between
 * @param {string} referenceText lines, may be empty
 * @returns {{sources: string[], references: string[]|null} | {problem: string, values: Record<string, number>}}
 */
export function chosenPairs(sourceText, referenceText) {
  const own = pairsOf(sourceText);
  if (!own.sources.some((each) => each.trim())) return { problem: "compare.no_source", values: {} };
  if (!referenceText.trim()) return own;
  // Tabs stay in a source whose references are given beside it.
  const sources = linesOf(sourceText);
  const references = linesOf(referenceText);
  if (sources.length !== references.length) {
    return { problem: "compare.not_paired", values: { sources: sources.length, references: references.length } };
  }
  return { sources, references };
}

/**
 * Return the rows to show, each with its `number` in the file from 1 on.
 *
 * @param {{source: string, first: string, second: string, first_score: number|null, second_score: number|null}[]} rows
 * @param {{order: string, onlyDifferent: boolean}} wish
 */
export function shownRows(rows, { order, onlyDifferent }) {
  const numbered = rows.map((row, at) => ({ ...row, number: at + 1 }));
  const kept = onlyDifferent ? numbered.filter(({ first, second }) => first !== second) : numbered;
  const keys = {
    file: ({ number }) => number,
    difference: (row) => -Math.abs(gain(row)),
    first: (row) => gain(row),
    second: (row) => -gain(row),
    worst: (row) => Math.min(row.first_score ?? 0, row.second_score ?? 0),
    best: (row) => -Math.max(row.first_score ?? 0, row.second_score ?? 0),
  };
  const key = keys[order] ?? keys.file;
  return kept.sort((one, other) => key(one) - key(other) || one.number - other.number);
}

/** Return by how much the second model's sentence has the higher score; 0 without references. */
export function gain({ first_score: first, second_score: second }) {
  return (second ?? 0) - (first ?? 0);
}

/**
 * Return what the test says as the key of a text: nobody is better, or which model is, and whether that may be chance.
 *
 * @param {{difference: number, p: number}} significance
 * @param {number} first the first model's score
 * @param {number} second the second model's
 */
export function verdict({ p }, first, second) {
  if (first === second) return "compare.equal";
  return p < 0.05 ? "compare.significant" : "compare.chance";
}
