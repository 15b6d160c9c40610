/** Numbers of a heat map as levels of a colour, and its cells as paths: nothing here needs a document. */

export const LEVELS = 24;

/** Return the value that has the full colour: the largest without its sign, and never 0. */
export function boundOf(values) {
  let bound = 0;
  for (const row of values) for (const value of row) if (value !== null) bound = Math.max(bound, Math.abs(value));
  return bound || 1;
}

/** Return the level of a value, from -LEVELS to LEVELS, or null where there is no value. */
export function levelOf(value, bound) {
  if (value === null || value === undefined) return null;
  return Math.round((Math.max(-bound, Math.min(bound, value)) / bound) * LEVELS);
}

/**
 * Return the path of the cells of each level, as a Map from the level to what the attribute `d` of a path takes.
 *
 * One path a level keeps a map of many thousand cells to a few elements. Level 0 is the paper and has no path.
 */
export function levelPaths(values, bound, width, height) {
  const paths = new Map();
  const gap = height >= 12 ? 1 : 0; // the paper between two cells
  values.forEach((row, r) => {
    row.forEach((value, c) => {
      const level = levelOf(value, bound);
      if (!level) return;
      if (!paths.has(level)) paths.set(level, []);
      paths.get(level).push(`M${c * width} ${r * height}h${width - gap}v${height - gap}h${gap - width}z`);
    });
  });
  return new Map([...paths].map(([level, cells]) => [level, cells.join("")]));
}

/** Return the path of a small dash in the middle of each cell below zero, so that the sign is not in the colour alone. */
export function minusPath(values, bound, width, height) {
  const half = Math.min(4, width / 4);
  const dashes = values.flatMap((row, r) =>
    row.flatMap((value, c) =>
      levelOf(value, bound) < -2 ? [`M${(c + 0.5) * width - half} ${(r + 0.5) * height}h${2 * half}`] : [],
    ),
  );
  return dashes.join("");
}

/** Return the rows that change most along their values, the first by much, at most `count`: the sum of the steps' sizes. */
export function mostChanged(values, count) {
  const changes = values.map((row) =>
    row.slice(1).reduce((sum, value, at) => sum + Math.abs((value ?? 0) - (row[at] ?? 0)), 0),
  );
  const order = changes.map((_, row) => row).sort((one, other) => changes[other] - changes[one] || one - other);
  return order.slice(0, count);
}

/** Return a table of numbers with its rows and columns exchanged. */
export function transposed(values) {
  return values.length ? values[0].map((_, column) => values.map((row) => row[column])) : [];
}
