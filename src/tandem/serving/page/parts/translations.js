/** Translations of several lines, each asked for once. */

const LINES = 64; // of a request; a server takes 128 texts unless it is told otherwise

/**
 * @typedef {object} Wish
 * @property {string} text one line
 * @property {string} prefix what its translation has to begin with, or ""
 *
 * @typedef {{model: string, beam: number, n_best: number, length_penalty?: number}} Options
 */

/**
 * Return what translates lines and remembers the translations of those that stay.
 *
 * @param {ReturnType<typeof import("../api.js").createApi>} api
 */
export function createTranslations(api) {
  let kept = new Map();

  /**
   * @param {Wish[]} wishes
   * @param {Options} options
   * @param {AbortSignal} signal
   * @returns {Promise<{results: (object|null)[], isNew: boolean}>} null for a line without text
   */
  async function translate(wishes, options, signal) {
    const keys = wishes.map((wish) => (wish.text.trim() ? JSON.stringify([wish, options]) : null));
    const missing = new Map();
    for (const [place, key] of keys.entries()) {
      if (key !== null && !kept.has(key)) missing.set(key, wishes[place]);
    }
    for (const [prefix, group] of grouped(missing)) {
      for (let begin = 0; begin < group.length; begin += LINES) {
        const part = group.slice(begin, begin + LINES);
        const text = part.map(([, wish]) => wish.text);
        const answer = await api.post("v1/translate", { text, ...options, ...(prefix && { prefix }) }, { signal });
        part.forEach(([key], place) => kept.set(key, answer.translations[place]));
      }
    }
    kept = new Map(keys.filter((key) => key !== null).map((key) => [key, kept.get(key)]));
    return { results: keys.map((key) => (key === null ? null : kept.get(key))), isNew: missing.size > 0 };
  }

  return { translate };
}

/** A request has one prefix for all of its texts. */
function grouped(missing) {
  const groups = new Map();
  for (const entry of missing) {
    const { prefix } = entry[1];
    groups.set(prefix, [...(groups.get(prefix) ?? []), entry]);
  }
  return groups;
}
