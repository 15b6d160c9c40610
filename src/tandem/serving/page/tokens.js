/** Tokens and the text that they make. Nothing here touches the page. */

const MARK = "▁"; // stands for the space before a token
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}mwMW@%…]/u;
const LETTER = /[\p{L}\p{N}]/u;

/**
 * Return a token as it is shown: without the mark for the space before it.
 *
 * @param {string} token
 */
export function shownToken(token) {
  const shown = token.replaceAll(MARK, " ").trim();
  return shown === "" && token !== "" ? "␣" : shown;
}

/**
 * Find each token in the text that they make together.
 *
 * @param {string} text
 * @param {string[]} tokens
 * @returns {{before: string, shown: string, end: number}[]} for each token: what stands before it and belongs to none,
 *   its text, and where it ends; a text in which they cannot be found gives the tokens with a space between them, and
 *   `end` is -1
 */
export function alignTokens(text, tokens) {
  const found = [];
  const folded = text.toLowerCase();
  const isFoldable = folded.length === text.length; // "İ" becomes longer, for example
  let place = 0;
  for (const token of tokens) {
    const wanted = token.replaceAll(MARK, " ").trim();
    const begin = isFoldable ? folded.indexOf(wanted.toLowerCase(), place) : text.indexOf(wanted, place);
    if (begin < 0 || LETTER.test(text.slice(place, begin))) return spaced(tokens);
    const end = begin + wanted.length;
    found.push({ before: text.slice(place, begin), shown: text.slice(begin, end), end });
    place = end;
  }
  return LETTER.test(text.slice(place)) ? spaced(tokens) : found;
}

function spaced(tokens) {
  return tokens.map((token, place) => ({ before: place ? " " : "", shown: shownToken(token), end: -1 }));
}

/**
 * Return how many of the first tokens a prefix holds.
 *
 * @param {{end: number}[]} aligned as `alignTokens` returns them
 * @param {string} text
 * @param {string} prefix
 */
export function forcedCount(aligned, text, prefix) {
  const length = prefix.trim().length;
  if (!length || !text.toLowerCase().startsWith(prefix.trim().toLowerCase())) return 0;
  return aligned.filter(({ end }) => end > 0 && end <= length).length;
}

/**
 * Return where unknown pieces stand in a text, as parts of it in order. A piece that stands as a word is not marked inside
 * other words.
 *
 * @param {string} text
 * @param {string[]} pieces
 * @returns {{text: string, isUnknown: boolean}[]}
 */
export function markUnknown(text, pieces) {
  const wanted = [...new Set(pieces.map(shownToken))].filter(Boolean).sort((one, other) => other.length - one.length);
  if (!wanted.length || !text) return [{ text, isUnknown: false }];
  const escaped = wanted.map((piece) => piece.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  const word = escaped.map((piece) => `(?<![\\p{L}\\p{N}])${piece}(?![\\p{L}\\p{N}])`);
  const whole = new RegExp(`(${word.join("|")})`, "giu");
  const anywhere = new RegExp(`(${escaped.join("|")})`, "giu");
  const pattern = text.search(whole) < 0 ? anywhere : whole;
  return text
    .split(pattern)
    .map((part, place) => ({ text: part, isUnknown: place % 2 === 1 }))
    .filter((part) => part.text);
}

/**
 * Return about how wide a text is in a sans-serif font, in pixels; rather too wide than too narrow.
 *
 * @param {string} text
 * @param {number} size of the font, in pixels
 */
export function roughWidth(text, size) {
  let width = 0;
  for (const letter of text) {
    if (/[ijlt.,:;'!|()[\]]/.test(letter)) width += 0.42;
    else if (WIDE.test(letter)) width += 1;
    else width += /\p{Lu}/u.test(letter) ? 0.76 : 0.65;
  }
  return width * size;
}

/**
 * Return a text, cut with "…" where it is wider than that.
 *
 * @param {string} text
 * @param {number} most pixels
 * @param {number} size of the font, in pixels
 */
export function cutText(text, most, size) {
  if (roughWidth(text, size) <= most) return text;
  const letters = [...text];
  while (letters.length > 1 && roughWidth(`${letters.join("")}…`, size) > most) letters.pop();
  return `${letters.join("")}…`;
}
