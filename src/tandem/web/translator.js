/**
 * Text in, translations out: `translation/translator.py` and `translation/outputs.py`, for one text.
 *
 * @typedef {object} Translation
 * @property {string} text
 * @property {number} score  what it was ranked by
 * @property {string[]} tokens
 * @property {string[]} shown  what each token adds to `text`, its space included
 * @property {number[]} tokenScores  the log-probability of each token, and of `<eos>` at the end
 * @property {number[][]} attention  of each token, how much it looked at each of `sourceTokens`; empty without attention
 * @property {string[]} sourceTokens  from `<sos>` to `<eos>`, which are empty
 * @property {"eos"|"limit"} stopped
 * @property {Translation[]} alternatives  the n best, this one first, where more than one was asked for
 * @property {boolean} cut  whether the source was too long and only its beginning was read
 * @property {string[]} unknown  the pieces of the source that the model does not know
 */

import { BeamSearch } from "./beam_search.js";
import { LONGEST_OUTPUT } from "./codec.js";
import { GreedySearch } from "./greedy_search.js";
import { runSearch } from "./steps.js";

/** @type {Translation} */
const EMPTY = {
  text: "",
  score: 0,
  tokens: [],
  shown: [],
  tokenScores: [],
  attention: [],
  sourceTokens: [],
  stopped: "eos",
  alternatives: [],
  cut: false,
  unknown: [],
};

/**
 * @typedef {object} SearchSettings  In the words of a recipe.
 * @property {number} beam
 * @property {number} length_penalty
 * @property {number} coverage
 * @property {number} max_length_factor
 * @property {number} max_length_extra
 */

export class Translator {
  #engine;

  /**
   * @param {import("./steps.js").Engine} engine
   * @param {import("./codec.js").Codec} codec
   * @param {SearchSettings} search  the recipe's search, which holds unless something else is asked for
   */
  constructor(engine, codec, search) {
    this.#engine = engine;
    this.codec = codec;
    this.search = search;
  }

  /**
   * Translate a text; null where `isStale` says meanwhile that nobody waits for it.
   * @param {string} text
   * @param {{beam?: number, nBest?: number, isStale?: () => boolean}} options
   * @returns {Promise<Translation | null>}
   */
  async translate(text, { beam, nBest = 1, isStale } = {}) {
    const source = this.codec.encodeSource(text);
    // <sos> and <eos> alone
    if (source.ids.length === 2) return { ...EMPTY, alternatives: nBest > 1 ? [EMPTY] : [] };
    const limit = this.#limit(source.ids.length);
    const search = this.#searchOf(beam ?? Math.max(this.search.beam, nBest), nBest);
    const hypotheses = await runSearch(search.steps(this.#engine, source.ids, limit), isStale);
    if (hypotheses === null) return null;
    const made = hypotheses.map((each) => this.#made(each, source, limit));
    return { ...made[0], alternatives: nBest > 1 ? made : [], cut: source.cut, unknown: source.unknown };
  }

  #searchOf(size, nBest) {
    const { length_penalty: lengthPenalty, coverage } = this.search;
    if (size === 1 && !coverage) return new GreedySearch();
    return new BeamSearch({ size, nBest, lengthPenalty, coverage });
  }

  /** Return the most tokens of an output whose source has `framed` tokens. */
  #limit(framed) {
    return Math.trunc((framed - 2) * this.search.max_length_factor) + this.search.max_length_extra;
  }

  /** @returns {Translation} */
  #made(hypothesis, source, limit) {
    const { target } = this.codec;
    const { length_penalty: lengthPenalty, coverage } = this.search;
    const ids = target.beginning(hypothesis.ids, LONGEST_OUTPUT, source.pieces);
    const whole = ids.length === hypothesis.ids.length;
    const { tokenScores } = hypothesis;
    const logProbability = tokenScores.reduce((total, each) => total + each, 0);
    const attention = hypothesis.attention.filter((weights) => weights !== null);
    return {
      ...EMPTY,
      text: target.decode(ids, source.pieces),
      score: coverage ? hypothesis.score : logProbability / tokenScores.length ** lengthPenalty,
      tokens: target.tokens(ids, source.pieces),
      shown: target.texts(ids, source.pieces),
      tokenScores: whole ? tokenScores : tokenScores.slice(0, ids.length),
      attention: attention.map((weights) => this.codec.textOrder(weights)),
      sourceTokens: source.tokens,
      // At the limit only <eos> could follow, whatever the model would have written.
      stopped: hypothesis.ids.length >= limit || !whole ? "limit" : "eos",
    };
  }
}
