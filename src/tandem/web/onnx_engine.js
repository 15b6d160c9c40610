/**
 * An exported model as an engine: `engines/onnx_engine.py` and `engines/onnx_model.py`, for one model and one source.
 * What the graphs take and give is said in `graphs/encoder_graph.py` and `graphs/step_graph.py`.
 *
 * Letters: `S` source length, `N` rows of a step, `R` rows of the step before, `P` numbers of a state, `C` candidates,
 * `V` vocabulary.
 */

import { copyArrays } from "./copying.js";
import { EOS_ID, PAD_ID, SOS_ID, UNK_ID } from "./special_tokens.js";

const BANS = [UNK_ID, PAD_ID, SOS_ID];

/**
 * @typedef {object} Shape  What a model's graphs take and give.
 * @property {number} vocabulary  the number of target tokens, V
 * @property {number} sourceVocabulary  the number of source tokens; ids from there on are features
 * @property {boolean} features
 * @property {boolean} attends
 * @property {boolean} copies
 */

/** A state of N rows. Rows are selected when the next step is taken. */
class OnnxState {
  /**
   * @param {object} states  a tensor `[R, P]`
   * @param {number[]} rows  `[N]`, the row of `states` that each row is
   * @param {object} memory  what the step's graph takes of the source, by its names, and `width`, V or V + S
   */
  constructor(states, rows, memory) {
    this.states = states;
    this.rows = rows;
    this.memory = memory;
  }

  select(rows) {
    return new OnnxState(
      this.states,
      rows.map((row) => this.rows[row]),
      this.memory,
    );
  }
}

export class OnnxEngine {
  sos = SOS_ID;
  eos = EOS_ID;
  #ort;
  #encoder;
  #step;
  #shape;
  #copying;

  /**
   * @param {object} ort  the module of onnxruntime-web
   * @param {{encoder: object, step: object}} sessions  the graphs
   * @param {Shape} shape
   * @param {import("./copying.js").Copying | null} copying  for a model that copies
   */
  constructor(ort, { encoder, step }, shape, copying) {
    this.#ort = ort;
    this.#encoder = encoder;
    this.#step = step;
    this.#shape = shape;
    this.#copying = copying;
  }

  /** Read a source, framed by `<sos>` and `<eos>`, into a state of one row. */
  async start(source) {
    const { vocabulary, features, sourceVocabulary, attends } = this.#shape;
    const ids = this.#copying ? this.#copying.readByEncoder(source) : source;
    const feeds = features
      ? this.#divided(ids, sourceVocabulary)
      : { source: this.#integers(ids, [ids.length, 1]), lengths: this.#integers([ids.length]) };
    const encoded = await this.#encoder.run(feeds, attends ? ["state", "keys", "values"] : ["state"]);
    const memory = { width: vocabulary, feeds: {} };
    if (attends) {
      const { keys, values } = encoded;
      memory.feeds = { keys, values, bias: this.#floats(ids.map(() => 0), [1, 1, ids.length]) };
    }
    if (this.#copying) {
      const arrays = copyArrays(this.#copying.numbersOf(source), vocabulary);
      for (const [name, of] of Object.entries({ copies: "ids", firsts: "firsts", columns: "columns" })) {
        memory.feeds[name] = this.#integers(arrays[of], [1, ids.length]);
      }
      memory.width += ids.length;
    }
    const bans = new Float32Array(memory.width);
    for (const id of BANS) bans[id] = -Infinity;
    memory.feeds.bans = this.#floats(bans, [memory.width]);
    return new OnnxState(encoded.state, [0], memory);
  }

  /** Feed one token to each row, `[N]`, and return the `count` best next tokens. */
  async step(tokens, state, count) {
    const { vocabulary, attends } = this.#shape;
    const { width, feeds } = state.memory;
    const rows = tokens.map((_, row) => row);
    const looks = { slots: this.#integers(rows, [1, rows.length]), places: this.#integers(rows) };
    const outputs = await this.#step.run(
      {
        ...feeds,
        ...(attends ? looks : {}),
        ...(this.#copying ? { sources: this.#integers(rows.map(() => 0)) } : {}),
        tokens: this.#integers(tokens.map((token) => (token < vocabulary ? token : UNK_ID))),
        rows: this.#integers(state.rows),
        state: state.states,
        count: this.#integers([Math.min(count, width)]),
        asked: this.#integers([], [0, 2]),
      },
      ["ids", "scores", "eos", "state_after", ...(attends ? ["weights"] : [])],
    );
    return {
      tokens: rowsOf(outputs.ids),
      scores: rowsOf(outputs.scores),
      eos: Array.from(outputs.eos.data),
      state: new OnnxState(outputs.state_after, rows, state.memory),
      attention: attends ? rowsOf(outputs.weights) : null,
    };
  }

  /** Divide `ids [S]` into source and features, whose ids are those from `behind` on. */
  #divided(ids, behind) {
    const source = ids.filter((id) => id < behind);
    // A sequence needs a token, which <sos> is where there is no feature.
    const features = [SOS_ID, ...ids.filter((id) => id >= behind).map((id) => id - behind)];
    let [nextSource, nextFeature] = [0, source.length + 1];
    const places = ids.map((id) => (id < behind ? nextSource++ : nextFeature++));
    return {
      source: this.#integers(source, [source.length, 1]),
      lengths: this.#integers([source.length]),
      features: this.#integers(features, [features.length, 1]),
      features_lengths: this.#integers([features.length]),
      places: this.#integers(places, [places.length, 1]),
    };
  }

  #integers(values, shape = [values.length]) {
    return new this.#ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape);
  }

  #floats(values, shape) {
    return new this.#ort.Tensor("float32", Float32Array.from(values), shape);
  }
}

/** Return a tensor `[N, C]` as rows of numbers. */
function rowsOf(tensor) {
  const [count, width] = tensor.dims;
  const numbers = Array.from(tensor.data, Number);
  return Array.from({ length: count }, (_, row) => numbers.slice(row * width, (row + 1) * width));
}
