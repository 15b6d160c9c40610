/** Where two texts differ, word by word. */

const LONGEST = 1_000; // words a side: the table below grows with the product

/**
 * Return a text as words, spaces and signs, which together are the text.
 *
 * The browser knows where words begin and end, also in scripts without spaces.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function words(text) {
  return [...new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)].map(({ segment }) => segment);
}

/**
 * Return both texts as pieces, each with whether the other text has it at that place: a longest common subsequence of the words.
 *
 * @param {string} first
 * @param {string} second
 * @returns {[{text: string, same: boolean}[], {text: string, same: boolean}[]]}
 */
export function differences(first, second) {
  const sides = [words(first), words(second)];
  const [one, other] = sides.map((side) => side.filter((word) => word.trim()));
  const same = one.length > LONGEST || other.length > LONGEST ? [new Set(), new Set()] : common(one, other);
  return sides.map((side, number) => pieces(side, same[number]));
}

/** The places of the words of a longest common subsequence, in each of the two. */
function common(one, other) {
  const width = other.length + 1;
  const lengths = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        one[i] === other[j]
          ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const found = [new Set(), new Set()];
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    if (one[i] === other[j]) {
      found[0].add(i++);
      found[1].add(j++);
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return found;
}

/** Join neighbouring words that are alike in whether they are the same; a space belongs to the piece before it, unless that differs. */
function pieces(side, same) {
  const made = [];
  let place = 0;
  for (const word of side) {
    const isSpace = !word.trim();
    const isSame = isSpace || same.has(place);
    if (!isSpace) place += 1;
    if (made.at(-1)?.same === isSame) made.at(-1).text += word;
    else made.push({ text: word, same: isSame });
  }
  return bridged(made);
}

/** Join two different pieces with nothing but a space between them. */
function bridged(all) {
  const made = [];
  for (const [at, piece] of all.entries()) {
    const between = piece.same && !piece.text.trim() && at > 0 && at < all.length - 1;
    if (made.length && (between || made.at(-1).same === piece.same)) made.at(-1).text += piece.text;
    else made.push({ ...piece });
  }
  return made;
}
