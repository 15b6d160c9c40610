/**
 * How much of its source each hypothesis has looked at: `search/coverage.py`, for one source.
 *
 * Letters: `N` rows of a step, `S` source length.
 */

/** What a position counts for at least, so that one which nothing looked at does not rule a hypothesis out. */
const LEAST = 1e-10;

export class Coverage {
  /** @param {number[][]} sums  `[N][S]`, the attention that each position has had */
  constructor(sums) {
    this.sums = sums;
  }

  /** Return the coverage of one row, of which nothing has been looked at; the frame does not count, and is 1. */
  static start(length) {
    return new Coverage([Array.from({ length }, (_, place) => (place > 0 && place < length - 1 ? 0 : 1))]);
  }

  /** Return the coverage after one more step, whose attention is `[N][S]`. */
  after(attention) {
    return new Coverage(this.sums.map((row, n) => row.map((sum, place) => sum + attention[n][place])));
  }

  /** Return the coverage of these rows. */
  select(rows) {
    return new Coverage(rows.map((row) => this.sums[row]));
  }

  /** Return the penalty of a row, never above 0 (Wu et al. 2016, arXiv 1609.08144, equation 14). */
  penalty(row, strength) {
    const logs = this.sums[row].map((sum) => Math.log(Math.min(Math.max(sum, LEAST), 1)));
    return strength * logs.reduce((total, each) => total + each, 0);
  }
}
