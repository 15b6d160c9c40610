/** Sources with features beside them, one text with a tab between: `text/features.py`. */

const TAB = "\t";

/** Return a source and its features as one text; only the first tab of a text separates. */
export function joinFeatures(source, features) {
  source = source.replaceAll(TAB, " ");
  return features.trim() && source.trim() ? source + TAB + features : source;
}

/** The source's tokenizer and the features' as one: ids of features lie behind the source's vocabulary. */
export class FeaturesTokenizer {
  #source;
  #features;

  /**
   * @param {import("./tokenizer.js").Tokenizer} source
   * @param {import("./tokenizer.js").Tokenizer} features
   */
  constructor(source, features) {
    this.#source = source;
    this.#features = features;
    this.kind = source.kind;
    this.lowercase = source.lowercase;
  }

  get size() {
    return this.#source.size + this.#features.size;
  }

  pieces(text) {
    const tab = text.indexOf(TAB);
    if (tab < 0) return this.#source.pieces(text);
    const behind = this.#features.pieces(text.slice(tab + 1));
    const features = behind.map((piece) => ({ ...piece, id: piece.id + this.#source.size }));
    return [...this.#source.pieces(text.slice(0, tab)), ...features];
  }

  tokens(ids) {
    const size = this.#source.size;
    return ids.map((id) => (id < size ? this.#source.tokens([id]) : this.#features.tokens([id - size]))[0]);
  }
}
