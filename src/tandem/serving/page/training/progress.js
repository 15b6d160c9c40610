/** What the rows of a run's metrics.jsonl say: its curves, its epochs, and how long it still takes. */

/**
 * @typedef {object} Epoch one validation
 * @property {number} epoch
 * @property {number} step
 * @property {number|null} trainLoss
 * @property {number|null} validationLoss
 * @property {Record<string, number|null>} scores
 * @property {number|null} seconds the time that its steps took, without the validation
 * @property {boolean} best
 *
 * @typedef {object} Progress
 * @property {number|null} epochs how many there are to be; the last may be a part of one
 * @property {number|null} stepsPerEpoch
 * @property {number|null} parameters
 * @property {object[]} steps the rows of the event "step"
 * @property {Epoch[]} validations
 * @property {{reason: string, best_epoch: number, seconds: number}|null} finished
 */

/**
 * @param {object[]} rows of metrics.jsonl, in their order
 * @returns {Progress}
 */
export function progressOf(rows) {
  const started = rows.find((row) => row.event === "started");
  const validations = rows
    .filter((row) => row.event === "validated")
    .map((row) => ({
      epoch: row.epoch,
      step: row.step,
      trainLoss: row.train_loss,
      validationLoss: row.validation_loss,
      scores: row.scores ?? {},
      seconds: row.epoch_seconds,
      best: row.best === true,
    }));
  return {
    epochs: started?.epochs ?? null,
    stepsPerEpoch: started?.steps_per_epoch || null,
    parameters: started?.parameters ?? null,
    steps: rows.filter((row) => row.event === "step"),
    validations,
    finished: rows.findLast((row) => row.event === "finished") ?? null,
  };
}

/** Return the names of the scores that the validations of some runs have, in their order. */
export function scoreNames(runs) {
  return [...new Set(runs.flatMap(({ validations }) => validations.flatMap(({ scores }) => Object.keys(scores))))];
}

/** Return the number of optimiser steps done. */
export function stepOf({ steps, validations }) {
  return Math.max(steps.at(-1)?.step ?? 0, validations.at(-1)?.step ?? 0);
}

/** Return the number of optimiser steps of the whole run, or null. */
export function totalSteps({ epochs, stepsPerEpoch }) {
  return epochs && stepsPerEpoch ? Math.ceil(epochs * stepsPerEpoch) : null;
}

/**
 * Return the seconds of training up to each row of `steps` and up to each validation, or null before the first whole epoch.
 *
 * Rows have no time of day. The time of n steps is in proportion to n / (tokens per second), and the steps of an epoch take the
 * epoch's seconds together; those of an epoch that is not over take as much for each as those of the last whole one.
 *
 * @param {Progress} progress
 * @returns {{steps: number[], validations: number[]}|null}
 */
export function elapsedSeconds({ steps, validations }) {
  const weight = (row) => row.steps / (row.tokens_per_second || 1);
  const sums = new Map();
  for (const row of steps) sums.set(row.epoch, (sums.get(row.epoch) ?? 0) + weight(row));
  const scales = new Map();
  for (const { epoch, seconds } of validations) {
    if (seconds !== null && sums.get(epoch)) scales.set(epoch, seconds / sums.get(epoch));
  }
  if (!scales.size) return null;
  const last = [...scales.values()].at(-1);
  let total = 0;
  const ends = new Map();
  const atSteps = steps.map((row) => {
    total += weight(row) * (scales.get(row.epoch) ?? last);
    ends.set(row.epoch, total);
    return total;
  });
  let end = 0;
  return { steps: atSteps, validations: validations.map(({ epoch }) => (end = ends.get(epoch) ?? end)) };
}

/**
 * Return about how many seconds the steps still take that are left, or null where that is not known yet.
 *
 * @param {Progress} progress
 * @param {{seconds: number, steps: number}|null} seen how many steps were seen to be done in how long, before an epoch is over
 */
export function secondsLeft(progress, seen = null) {
  const total = totalSteps(progress);
  if (total === null || progress.finished) return null;
  const left = Math.max(total - stepOf(progress), 0);
  const elapsed = elapsedSeconds(progress);
  if (elapsed) {
    // The speed of the last rows: a machine may have become slower since the epoch's end.
    const from = Math.max(elapsed.steps.length - 20, 0);
    const steps = progress.steps.slice(from + 1).reduce((sum, row) => sum + row.steps, 0);
    if (steps) return (left * (elapsed.steps.at(-1) - elapsed.steps[from])) / steps;
  }
  return seen && seen.steps > 0 ? (left * seen.seconds) / seen.steps : null;
}

/**
 * Return where the rows of `steps` and the validations lie on the horizontal axis, or null where that cannot be told.
 *
 * @param {Progress} progress
 * @param {"steps"|"epochs"|"time"} axis time is in seconds
 */
export function places(progress, axis) {
  const { steps, validations, stepsPerEpoch } = progress;
  if (axis === "time") return elapsedSeconds(progress);
  if (axis === "epochs" && !stepsPerEpoch) return null;
  const divisor = axis === "epochs" ? stepsPerEpoch : 1;
  return { steps: steps.map(({ step }) => step / divisor), validations: validations.map(({ step }) => step / divisor) };
}
