/** The searches give what the Python ones give: cases.json. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BeamSearch } from "../../src/tandem/web/beam_search.js";
import { GreedySearch } from "../../src/tandem/web/greedy_search.js";
import { runSearch } from "../../src/tandem/web/steps.js";

const { tables, searches } = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf-8"));

/** Looks log-probabilities up in a table; which place follows is a hash of place and token. */
class TableEngine {
  sos = 2;
  eos = 3;

  constructor({ log_probabilities: scores, attention }) {
    this.scores = scores.map((row) => row.map((score) => score ?? -Infinity));
    this.attention = attention;
  }

  async start(source) {
    return this.#state([source.reduce((place, token) => this.#follow(place, token), 0)], source.length);
  }

  async step(tokens, { places, length }, count) {
    const next = tokens.map((token, row) => this.#follow(places[row], token));
    const ids = next.map((place) => {
      const order = this.scores[place].map((_, id) => id);
      return order.sort((one, other) => this.scores[place][other] - this.scores[place][one] || one - other).slice(0, count);
    });
    return {
      tokens: ids,
      scores: ids.map((row, n) => row.map((id) => this.scores[next[n]][id])),
      eos: next.map((place) => this.scores[place][this.eos]),
      state: this.#state(next, length),
      attention: next.map((place) => normalised(this.attention[place].slice(0, length))),
    };
  }

  #state(places, length) {
    return { places, length, select: (rows) => this.#state(rows.map((row) => places[row]), length) };
  }

  #follow(place, token) {
    return (place * 31 + token * 7 + 1) % this.scores.length;
  }
}

function normalised(weights) {
  const total = weights.reduce((sum, each) => sum + each, 0);
  return weights.map((each) => each / total);
}

function searchOf({ size, n_best: nBest, length_penalty: lengthPenalty, coverage }) {
  return size === 1 && !coverage ? new GreedySearch() : new BeamSearch({ size, nBest, lengthPenalty, coverage });
}

const isClose = (one, other) => Math.abs(one - other) <= 1e-9;

for (const { hypotheses, steps: count, ...settings } of searches) {
  test(`search ${JSON.stringify(settings)}`, async () => {
    const steps = searchOf(settings).steps(new TableEngine(tables[settings.table]), settings.source, settings.limit);
    let taken = 0;
    const found = await runSearch(steps, () => ++taken < 0);
    assert.equal(taken, count);
    assert.deepEqual(
      found.map((each) => each.ids),
      hypotheses.map((each) => each.ids),
    );
    found.forEach((each, n) => {
      assert.ok(isClose(each.score, hypotheses[n].score), `${each.score} is not ${hypotheses[n].score}`);
      assert.deepEqual(each.tokenScores, hypotheses[n].token_scores);
      for (const weights of each.attention) assert.ok(isClose(weights.reduce((sum, w) => sum + w, 0), 1));
    });
  });
}

test("a search that nobody waits for ends", async () => {
  let steps = 0;
  const search = new BeamSearch({ size: 2 }).steps(new TableEngine(tables.random), [2, 4, 3], 20);
  assert.equal(await runSearch(search, () => ++steps === 1), null);
  assert.equal(steps, 1);
  assert.ok((await search.next()).done);
});

test("what has no possible output is an error", async () => {
  const impossible = new TableEngine({ log_probabilities: [[null, null, null, null]], attention: [[1, 1]] });
  for (const search of [new GreedySearch(), new BeamSearch({ size: 2 })]) {
    await assert.rejects(runSearch(search.steps(impossible, [2, 3], 2)), /Search found no output/);
  }
});
