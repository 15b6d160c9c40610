/**
 * What all searches share: `search/steps.py`, `search/trellis.py` and `search/hypothesis.py`, for a single source.
 *
 * Letters: `N` rows of a step (live hypotheses), `C` candidates of each row, `S` source length, `T` tokens of an output
 * with `<eos>`.
 *
 * @typedef {object} Candidates  The next tokens of each row, and the state after the tokens that were fed.
 * @property {number[][]} tokens  `[N][C]`, the best first, among equals the lowest id
 * @property {number[][]} scores  `[N][C]`, log-probabilities in nats
 * @property {number[]} eos  `[N]`, the log-probability of `<eos>`
 * @property {State} state
 * @property {number[][] | null} attention  `[N][S]`, how much this step looked at each position of the source
 *
 * @typedef {{select: (rows: number[]) => State}} State  An engine's state of N rows, which can be repeated and dropped.
 *
 * @typedef {object} Engine  A model or a table.
 * @property {number} sos
 * @property {number} eos
 * @property {(source: number[]) => Promise<State>} start  reads a source, framed by `<sos>` and `<eos>`, into one row
 * @property {(tokens: number[], state: State, count: number) => Promise<Candidates>} step
 *
 * @typedef {object} Hypothesis
 * @property {number[]} ids  `[T - 1]`, without `<eos>`
 * @property {number} score  what it was ranked by
 * @property {number[]} tokenScores  `[T]`
 * @property {(number[] | null)[]} attention  `[T]`, for each token `[S]` or null
 *
 * @typedef {{token: number, score: number, parent: Node | null, attention: number[] | null}} Node
 *   A token of a hypothesis, and the one before it.
 */

/** Milliseconds after which a search lets the page draw and take input. */
const TURN = 12;

/**
 * Return the candidates' tokens and scores of a row, `[C]` each; at the limit `<eos>` alone.
 * @param {Candidates} candidates
 */
export function allowed(candidates, row, engine, time, limit) {
  if (time >= limit) return { tokens: [engine.eos], scores: [candidates.eos[row]] };
  return { tokens: candidates.tokens[row], scores: candidates.scores[row] };
}

/**
 * Read a hypothesis from its last node back.
 * @param {Node} node
 * @returns {Hypothesis}
 */
export function hypothesis(node, score) {
  const path = [];
  for (let each = node; each !== null; each = each.parent) path.unshift(each);
  const ids = path.slice(0, -1).map((each) => each.token);
  return { ids, score, tokenScores: path.map((each) => each.score), attention: path.map((each) => each.attention) };
}

/** Return the error for a source that has no output of a probability above zero. */
export function nothingPossible() {
  return new Error(
    "Search found no output: at some step every token that may follow is impossible. This happens when a model's " +
      "weights are not finite",
  );
}

/**
 * Take all steps of a search, and return its hypotheses, or null where `isStale` says that nobody waits for them.
 * @param {AsyncGenerator<Node[], Hypothesis[]>} steps
 * @param {() => boolean} isStale
 * @returns {Promise<Hypothesis[] | null>}
 */
export async function runSearch(steps, isStale = () => false) {
  let turn = performance.now();
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value;
    if (performance.now() - turn > TURN) {
      await otherTasks();
      turn = performance.now();
    }
    if (isStale()) {
      await steps.return(undefined);
      return null;
    }
  }
}

/** Wait until the page has done what waits: a message comes back at once, and a timer only after some milliseconds. */
function otherTasks() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
