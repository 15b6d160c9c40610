/**
 * Text -> the ids that a model reads: framed, reversed where asked for, cut where too long. `text/codec.py`
 *
 * Letters: `S` source length, with `<sos>` and `<eos>`.
 */

import { EOS_ID, MARK, SOS_ID } from "./special_tokens.js";

const MAX_SOURCE_TOKENS = 1000;
const MAX_SOURCE_CHARACTERS = 2 ** 15;
/** Characters after which an output is cut. */
export const LONGEST_OUTPUT = 2 ** 18;

/**
 * @typedef {object} EncodedSource
 * @property {number[]} ids  `[S]`
 * @property {boolean} cut  whether the source was too long and only its beginning was read
 * @property {string[]} pieces  what a model that copies may write of it, position by position
 * @property {string[]} tokens  `[S]`, in the order of the text, as they are shown
 * @property {string[]} unknown  the pieces that the model does not know, each once
 */

export class Codec {
  /**
   * @param {import("./tokenizer.js").Tokenizer | import("./features.js").FeaturesTokenizer} source
   * @param {import("./tokenizer.js").Tokenizer} target
   * @param {boolean} reverseSource
   * @param {import("./copying.js").Copying | null} copying  for a model that copies
   */
  constructor(source, target, reverseSource = false, copying = null) {
    this.source = source;
    this.target = target;
    this.reverseSource = reverseSource;
    this.copying = copying;
  }

  /** @returns {EncodedSource} */
  encodeSource(text) {
    const characters = [...text];
    const all = this.source.pieces(characters.slice(0, MAX_SOURCE_CHARACTERS).join(""));
    const read = all.slice(0, MAX_SOURCE_TOKENS);
    const cut = all.length > MAX_SOURCE_TOKENS || characters.length > MAX_SOURCE_CHARACTERS;
    const shown = read.map((piece) => piece.text.replaceAll(MARK, " ").trim());
    const unknown = [...new Set(shown.filter((_, place) => !read[place].known))];
    const tokens = ["", ...shown, ""];
    if (this.copying) return { ...this.copying.read(read, this.reverseSource), cut, tokens, unknown };
    const ids = read.map((piece) => piece.id);
    if (this.reverseSource) ids.reverse();
    return { ids: [SOS_ID, ...ids, EOS_ID], cut, pieces: [], tokens, unknown };
  }

  /** Return values at the positions `[S]` of a framed source in the order of its text. */
  textOrder(values) {
    return this.reverseSource ? [values[0], ...values.slice(1, -1).reverse(), values.at(-1)] : values;
  }
}
