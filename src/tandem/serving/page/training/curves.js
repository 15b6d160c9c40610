/** Which curves there are, and what each shows of a run. */

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {number[]} x
 * @property {(number|null)[]} y
 * @property {number} style the number of the run, which tells colour and dashes
 * @property {boolean} dots whether each value has a dot: few values, from validations
 */

const OF_STEPS = {
  rate: (row) => row.tokens_per_second,
  gradient: (row) => row.gradient_norm,
  learning: (row) => row.learning_rate,
};

/** The curves, in the order in which they are shown. */
export const CURVES = ["loss", "score", "rate", "gradient", "learning"];

/**
 * Return the lines of one curve: two a run for the loss, one for the others.
 *
 * @param {string} curve one of CURVES
 * @param {{name: string, progress: import("./progress.js").Progress, places: object|null}[]} runs those without places have no line
 * @param {{score: string, train: string, validation: string}} words the name of the score to show, and how losses are called
 * @returns {Line[]}
 */
export function linesOf(curve, runs, words) {
  return runs.flatMap(({ name, progress, places }, style) => {
    if (!places) return [];
    const { steps, validations } = progress;
    const validated = (label, value) => ({
      label,
      style,
      dots: true,
      x: places.validations,
      y: validations.map((each) => value(each) ?? null),
    });
    if (curve === "score") return [validated(name, ({ scores }) => scores[words.score])];
    if (curve !== "loss")
      return [
        { label: name, style, dots: false, x: places.steps, y: steps.map((row) => OF_STEPS[curve](row) ?? null) },
      ];
    return [
      { label: `${name}: ${words.train}`, style, dots: false, x: places.steps, y: steps.map(({ loss }) => loss) },
      validated(`${name}: ${words.validation}`, ({ validationLoss }) => validationLoss),
    ];
  });
}

/**
 * Return the lines over one row of places, as uPlot reads them: first the places, then the values of each line, null between.
 *
 * @param {Line[]} lines
 * @param {number[]} [extent] further places, without values
 */
export function joined(lines, extent = []) {
  const all = [...new Set([...extent, ...lines.flatMap(({ x }) => x)])].sort((one, other) => one - other);
  const at = new Map(all.map((x, place) => [x, place]));
  const rows = lines.map(({ x, y }) => {
    const row = new Array(all.length).fill(null);
    x.forEach((each, place) => (row[at.get(each)] = y[place]));
    return row;
  });
  return [all, ...rows];
}

/** Return the value of a line at a place, or that of the last place before it; null where there is none. */
export function valueAt({ x, y }, place) {
  let value = null;
  for (let at = 0; at < x.length && x[at] <= place; at += 1) value = y[at] ?? value;
  return value;
}

/** Return the first, last, least and largest value of a line, or null for a line without values. */
export function rangeOf({ y }) {
  const values = y.filter((each) => each !== null && Number.isFinite(each));
  if (!values.length) return null;
  const least = values.reduce((one, other) => Math.min(one, other));
  const most = values.reduce((one, other) => Math.max(one, other));
  return { first: values[0], last: values.at(-1), least, most };
}
