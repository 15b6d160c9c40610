/**
 * Beam search: `search/beam_search.py`, which says when it ends and who wins among equals, for one source.
 *
 * Letters: `W` live hypotheses, `K` the beam's size.
 */

import { Coverage } from "./coverage.js";
import { allowed, hypothesis, nothingPossible } from "./steps.js";

/**
 * @typedef {{parent: number, token: number, tokenScore: number, score: number}} Continuation
 *   One more token for the live hypothesis number `parent`.
 * @typedef {{score: number, node: import("./steps.js").Node | null}} Live
 *   A hypothesis that goes on: its log-probability so far, and its last token.
 */

export class BeamSearch {
  /**
   * @param {object} settings
   * @param {number} settings.size
   * @param {number} [settings.nBest]
   * @param {number} [settings.lengthPenalty]  ranks are log-probability / (tokens, `<eos>` counted) ** lengthPenalty
   * @param {number} [settings.coverage]  the strength of the coverage penalty; 0 is none
   */
  constructor({ size, nBest = 1, lengthPenalty = 0, coverage = 0 }) {
    this.size = size;
    this.nBest = nBest;
    this.lengthPenalty = lengthPenalty;
    this.coverage = coverage;
  }

  /**
   * Yield the live hypotheses after each step; return the finished ones, the best first.
   * @param {import("./steps.js").Engine} engine
   * @param {number[]} source
   * @param {number} limit  the largest number of tokens of an output, `<eos>` not counted
   * @returns {AsyncGenerator<import("./steps.js").Node[], import("./steps.js").Hypothesis[]>}
   */
  async *steps(engine, source, limit) {
    let state = await engine.start(source);
    let coverage = this.coverage ? Coverage.start(source.length) : null;
    let live = [{ score: 0, node: null }];
    let complete = [];
    for (let time = 0; time <= limit; time++) {
      const tokens = live.map((each) => each.node?.token ?? engine.sos);
      const candidates = await engine.step(tokens, state, 2 * this.size);
      coverage = coverage?.after(candidates.attention) ?? null;
      const best = this.#continuations(candidates, live, engine, time, limit).map((each) => ({
        ...each,
        node: {
          token: each.token,
          score: each.tokenScore,
          parent: live[each.parent].node,
          attention: candidates.attention?.[each.parent] ?? null,
        },
      }));
      // Only what ends among the best K counts: the rest would not have stayed in the beam.
      const ended = best.slice(0, this.size).filter((each) => each.token === engine.eos);
      const ranked = ended.map(({ score, parent, node }) => ({
        rank: this.#rank(score, time + 1) + (coverage?.penalty(parent, this.coverage) ?? 0),
        node,
      }));
      complete = [...complete, ...ranked].sort((one, other) => other.rank - one.rank).slice(0, this.nBest);
      const going = best.filter((each) => each.token !== engine.eos).slice(0, this.size);
      live = going;
      yield live.map((each) => each.node);
      if (!live.length) break;
      // One more token at no cost; log-probabilities only fall.
      const hoped = this.#rank(live[0].score, time + 2);
      const worst = complete.length < this.nBest ? -Infinity : complete.at(-1).rank;
      if (!(hoped > worst)) break;
      const rows = going.map((each) => each.parent);
      state = candidates.state.select(rows);
      coverage = coverage?.select(rows) ?? null;
    }
    if (!complete.length) throw nothingPossible();
    return complete.map(({ rank, node }) => hypothesis(node, rank));
  }

  /**
   * Return the best 2 K possible continuations; at most K of them end, so that K can go on.
   * @param {import("./steps.js").Candidates} candidates
   * @param {Live[]} live  `[W]`
   * @returns {Continuation[]}
   */
  #continuations(candidates, live, engine, time, limit) {
    // From the better hypothesis to the worse and from the better token to the worse, which a stable sort keeps.
    const all = live.flatMap((each, parent) => {
      const { tokens, scores } = allowed(candidates, parent, engine, time, limit);
      return tokens.map((token, place) => ({
        parent,
        token,
        tokenScore: scores[place],
        score: scores[place] + each.score,
      }));
    });
    const possible = all.filter((each) => each.score > -Infinity);
    return possible.sort((one, other) => other.score - one.score).slice(0, 2 * this.size);
  }

  #rank(score, tokens) {
    return score / tokens ** this.lengthPenalty;
  }
}
