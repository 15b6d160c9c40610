/**
 * Text to ids and back, as `text/tokenizer.py` and the `tokenizers` library do it.
 *
 * @typedef {{id: number, text: string, known: boolean}} Piece
 *   A token of a text. The text of an unknown one is as the vocabulary would have it.
 */

import { MARK, SPECIAL_TOKENS, UNK_ID } from "./special_tokens.js";

const SPACES = /\p{White_Space}+/gu;
const SPACES_AT_ENDS = /^\p{White_Space}+|\p{White_Space}+$/gu;
const TAG_SEPARATORS = /[;|,+]/g;
const LITERAL_SPECIAL = /(?<![^ ])(?:<unk>|<pad>|<sos>|<eos>)(?![^ ])/g; // where white space is a single space
// The mark is itself a symbol to Unicode, so the alternative that may not consume it alone comes first.
const WORD_PIECE = /▁?[^▁\p{P}\p{S}]+|▁?[\p{P}\p{S}]/gu;

/** How each kind cuts a text that was normalised into pieces. */
const CUTS = {
  word: (text) => text.match(WORD_PIECE) ?? [],
  bpe: (text) => text.match(WORD_PIECE) ?? [],
  character: (text) => [...text],
  whitespace: (text) => (text ? text.split(" ") : []),
  tags: (text) => (text ? text.split(" ") : []),
};
/** The kinds whose tokens never begin with the space before them. */
const SPACED = ["whitespace", "tags"];

export class Tokenizer {
  #ids;
  #tokens;
  #texts;
  #merges;

  /**
   * @param {{model: {vocab: Record<string, number>, merges?: [string, string][]}}} saved  a tokenizer's file
   * @param {{kind: "word"|"whitespace"|"character"|"bpe"|"tags", lowercase: boolean}} settings
   */
  constructor(saved, { kind, lowercase }) {
    this.kind = kind;
    this.lowercase = lowercase;
    this.#ids = new Map(Object.entries(saved.model.vocab));
    this.#tokens = [...this.#ids.keys()].sort((one, other) => this.#ids.get(one) - this.#ids.get(other));
    this.#merges = new Map(
      (saved.model.merges ?? []).map(([left, right], rank) => {
        const pair = this.#pair(this.#ids.get(left), this.#ids.get(right));
        return [pair, { rank, id: this.#ids.get(left + right) }];
      }),
    );
    this.#texts = this.#tokens.map((token) => (SPECIAL_TOKENS.includes(token) ? "" : this.#written(token)));
    this.#texts[UNK_ID] = (kind === "word" ? " " : "") + SPECIAL_TOKENS[UNK_ID];
  }

  /** The number of tokens, the special ones included. */
  get size() {
    return this.#tokens.length;
  }

  /** @returns {number|undefined} the id of a token */
  tokenToId(token) {
    return this.#ids.get(token);
  }

  /** Return the token of each id as it stands in the vocabulary, or in `more` behind it. */
  tokens(ids, more = []) {
    return ids.map((id) => (id < this.size ? this.#tokens[id] : more[id - this.size]));
  }

  /** @returns {number[]} the ids of a text, without `<sos>` and `<eos>` */
  encode(text) {
    return this.pieces(text).map((piece) => piece.id);
  }

  /** @returns {Piece[]} */
  pieces(text) {
    return CUTS[this.kind](this.#prepared(text)).flatMap((piece) => {
      if (this.kind === "bpe") return this.#bytePairs(piece);
      const id = this.#ids.get(piece) ?? UNK_ID;
      return [{ id, text: piece, known: id !== UNK_ID }];
    });
  }

  /**
   * Return the text of the ids. Those behind the vocabulary are of `more` tokens.
   * @param {number[]} ids
   * @param {string[]} more
   */
  decode(ids, more = []) {
    return this.texts(ids, more).join("").replace(/^ +| +$/g, "");
  }

  /** Return what each id adds to a decoded text, its space included. */
  texts(ids, more = []) {
    const texts = ids.map((id) => (id < this.size ? this.#texts[id] : this.#written(more[id - this.size])));
    return SPACED.includes(this.kind) ? texts.map((text) => text && ` ${text}`) : texts;
  }

  /** Return the longest beginning of the ids whose tokens have at most that many characters in all. */
  beginning(ids, characters, more = []) {
    let end = 0;
    return ids.filter((_, place) => (end += [...this.tokens([ids[place]], more)[0]].length) <= characters);
  }

  /** Return a text that is ready to be cut: see `assemble` in `text/pipeline.py`. */
  #prepared(text) {
    text = text.replace(/\p{Surrogate}/gu, "\ufffd"); // half a pair, which is no text
    if (this.lowercase) text = lowerCased(text);
    text = text.normalize("NFC");
    if (this.kind === "tags") text = text.replace(TAG_SEPARATORS, " ");
    text = text.replace(SPACES_AT_ENDS, "");
    if (SPACED.includes(this.kind)) {
      return text.replace(SPACES, " ").replace(LITERAL_SPECIAL, SPECIAL_TOKENS[UNK_ID]);
    }
    text = text.replaceAll(MARK, "_").replace(SPACES, MARK);
    // The first word is the same token as anywhere else.
    return text && this.kind !== "character" ? MARK + text : text;
  }

  #written(token) {
    return SPACED.includes(this.kind) ? token : token.replaceAll(MARK, " ");
  }

  #pair(left, right) {
    return left * this.#tokens.length + right;
  }

  /** Merge the pairs of a piece (Sennrich et al. 2016): those of the lowest rank first, and of these the leftmost. */
  #bytePairs(piece) {
    const symbols = [];
    for (const character of piece) {
      const id = this.#ids.get(character) ?? UNK_ID;
      const last = symbols.at(-1);
      if (id === UNK_ID && last?.id === UNK_ID) last.text += character; // neighbouring unknown characters are one
      else symbols.push({ id, text: character, known: id !== UNK_ID });
    }
    const mergeAt = (place) =>
      place >= 0 && place + 1 < symbols.length
        ? this.#merges.get(this.#pair(symbols[place].id, symbols[place + 1].id))
        : undefined;
    const ranks = symbols.map((_, place) => mergeAt(place)?.rank ?? Infinity); // of each symbol with the next
    for (;;) {
      let best = 0;
      for (let place = 1; place < ranks.length; place++) if (ranks[place] < ranks[best]) best = place;
      const merge = mergeAt(best);
      if (merge === undefined) return symbols;
      const text = symbols[best].text + symbols[best + 1].text;
      symbols.splice(best, 2, { id: merge.id, text, known: true });
      ranks.splice(best, 1);
      for (const place of [best - 1, best]) if (place >= 0) ranks[place] = mergeAt(place)?.rank ?? Infinity;
    }
  }
}

/** Lower-case a letter at a time, so that a sigma at the end of a word is like any other. */
export function lowerCased(text) {
  return Array.from(text, (character) => character.toLowerCase()).join("");
}
