/**
 * Copying: what the pieces of a source are in an output. `text/copying.py` says what extended ids are.
 *
 * Letters: `S` source length, with `<sos>` and `<eos>`.
 */

import { EOS_ID, MARK, SOS_ID, SPECIAL_TOKENS, UNK_ID } from "./special_tokens.js";
import { lowerCased } from "./tokenizer.js";

/** The number of what is never copied. */
const NEVER = -1;

/** Both tokenizers of a model that copies. */
export class Copying {
  #source;
  #target;
  #written;
  /** The first source token of each text that the target vocabulary lacks. */
  #firsts = new Map();
  /** For each source id: the target id of its text, or else the target's size and more; or `NEVER`. */
  #numbers;

  /**
   * @param {import("./tokenizer.js").Tokenizer} source
   * @param {import("./tokenizer.js").Tokenizer} target
   */
  constructor(source, target) {
    this.#source = source;
    this.#target = target;
    this.#written = source.tokens(Array.from({ length: source.size }, (_, id) => id)).map((t) => this.#asWritten(t));
    this.#numbers = this.#written.map((text, id) => {
      if (!text) return NEVER;
      const known = target.tokenToId(text);
      if (known !== undefined) return known;
      if (!this.#firsts.has(text)) this.#firsts.set(text, id);
      return target.size + this.#firsts.get(text);
    });
  }

  /**
   * Return a source whose ids are extended, framed, and in the order in which the encoder reads them; and the text of
   * each position as it stands in an output, empty where it is never copied.
   * @param {import("./tokenizer.js").Piece[]} pieces
   * @param {boolean} reverse
   * @returns {{ids: number[], pieces: string[]}} `[S]` each
   */
  read(pieces, reverse) {
    const both = pieces.map((piece) => [piece.id, piece.known ? this.#written[piece.id] : this.#asWritten(piece.text)]);
    if (reverse) both.reverse();
    const places = new Map();
    const ids = both.map(([id, text], index) => {
      if (!places.has(text)) places.set(text, index + 1);
      return id === UNK_ID && text ? this.#extended(text, places.get(text)) : id;
    });
    return { ids: [SOS_ID, ...ids, EOS_ID], pieces: ["", ...both.map(([, text]) => text), ""] };
  }

  /** Return the number of each extended source id. */
  numbersOf(ids) {
    return ids.map((id) => (id < this.#source.size ? this.#numbers[id] : id - this.#source.size));
  }

  /** Return extended source ids with `<unk>` in place of what the source vocabulary lacks. */
  readByEncoder(ids) {
    return ids.map((id) => (id < this.#source.size ? id : UNK_ID));
  }

  #extended(text, place) {
    const [source, target] = [this.#source.size, this.#target.size];
    const known = this.#target.tokenToId(text);
    if (known !== undefined) return source + known;
    return source + target + (this.#firsts.get(text) ?? source + place);
  }

  /** Return a piece of a source as the target's tokenizer would write it; nothing for a special token. */
  #asWritten(piece) {
    if (SPECIAL_TOKENS.includes(piece)) return "";
    if (this.#target.lowercase && !this.#source.lowercase) piece = lowerCased(piece);
    if (this.#source.kind !== this.#target.kind) {
      if (this.#target.kind === "whitespace") piece = piece.startsWith(MARK) ? piece.slice(1) : piece;
      else if (this.#source.kind === "whitespace") piece = MARK + piece.replaceAll(MARK, "_");
    }
    return SPECIAL_TOKENS.includes(piece) ? "" : piece;
  }
}

/**
 * Return what the step's graph takes of the `numbers [S]` of a source: the extended id of each position, the first
 * position with the same one, and the column that the position's share goes to.
 */
export function copyArrays(numbers, vocabulary) {
  const firsts = numbers.map((number) => numbers.indexOf(number));
  const ids = numbers.map((number, place) => (number < vocabulary ? number : vocabulary + firsts[place]));
  const columns = ids.map((id, place) => (id !== NEVER && firsts[place] === place ? id : vocabulary + place));
  return { ids, firsts, columns };
}
