/** How strongly words of a source are tied to words of a target. Nothing here touches the page. */

/** @typedef {(number|null)[][]} Matrix a row for each token of the target, a column for each of the source */

/** Return the largest absolute value; 0 where there is none. */
export function largest(/** @type {Matrix} */ matrix) {
  return Math.max(0, ...matrix.map((row) => Math.max(0, ...row.map((value) => Math.abs(value ?? 0)))));
}

/**
 * Return the column that speaks most for the row's token, or null: the largest value above 0. Values below 0 speak
 * against the token.
 *
 * @param {(number|null)[]} row
 */
export function strongest(row) {
  const most = Math.max(0, ...row.map((value) => value ?? 0));
  return most > 0 ? row.indexOf(most) : null;
}

/**
 * Return the ties that are worth a line: those of at least a share of the largest, weakest first.
 *
 * @param {Matrix} matrix
 * @param {number} least a share from 0 to 1
 * @returns {{target: number, source: number, value: number, strength: number}[]} `strength` is a share of the largest
 */
export function linksOf(matrix, least) {
  const most = largest(matrix);
  if (!most) return [];
  return matrix
    .flatMap((row, target) =>
      row.map((value, source) => ({ target, source, value, strength: Math.abs(value ?? 0) / most })),
    )
    .filter(({ strength }) => strength >= least)
    .sort((one, other) => one.strength - other.strength);
}

/**
 * Return a matrix as rows of a table; the first row names the columns.
 *
 * @param {string[]} sources
 * @param {string[]} targets
 * @param {Matrix} matrix
 */
export function matrixRows(sources, targets, matrix) {
  return [["", ...sources], ...targets.map((target, place) => [target, ...matrix[place]])];
}
