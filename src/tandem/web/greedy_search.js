/** Greedy search: the most probable token at each step, until `<eos>`. `search/greedy_search.py`, for one source. */

import { allowed, hypothesis, nothingPossible } from "./steps.js";

export class GreedySearch {
  /**
   * Yield the only live hypothesis of each step; return it once it is finished.
   * @param {import("./steps.js").Engine} engine
   * @param {number[]} source
   * @param {number} limit  the largest number of tokens of the output, `<eos>` not counted
   * @returns {AsyncGenerator<import("./steps.js").Node[], import("./steps.js").Hypothesis[]>}
   */
  async *steps(engine, source, limit) {
    let state = await engine.start(source);
    let node = null;
    let total = 0;
    for (let time = 0; node?.token !== engine.eos; time++) {
      const candidates = await engine.step([node?.token ?? engine.sos], state, 1);
      const { tokens, scores } = allowed(candidates, 0, engine, time, limit);
      node = { token: tokens[0], score: scores[0], parent: node, attention: candidates.attention?.[0] ?? null };
      total += scores[0];
      if (!(total > -Infinity)) throw nothingPossible();
      state = candidates.state;
      yield [node];
    }
    return [hypothesis(node, total)];
  }
}
