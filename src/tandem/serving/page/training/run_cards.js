/** The runs to choose from: how far each is, and what its last steps were like. */

import { element, svgElement } from "../dom.js";
import { t } from "../texts.js";
import { dashes } from "./colours.js";
import { clock, figure, moment, tick } from "./format.js";
import { secondsLeft, stepOf, totalSteps } from "./progress.js";

/**
 * Return the card of a run.
 *
 * @param {object} run as /v1/runs has it
 * @param {object} shown
 * @param {number|null} shown.style how its lines look; null while it is not chosen
 * @param {import("./progress.js").Progress|null} shown.progress what its metrics say, where it is chosen
 * @param {{seconds: number, steps: number}|null} shown.seen
 * @param {boolean} shown.mayControl
 * @param {(isChosen: boolean) => void} shown.choose
 * @param {(action: "stop"|"resume") => void} shown.control
 */
export function runCard(run, { style, progress, seen, mayControl, choose, control }) {
  const isChosen = style !== null;
  const box = element("input", {
    type: "checkbox",
    checked: isChosen,
    "data-run": run.name,
    onchange: ({ target }) => choose(target.checked),
  });
  const line = svgElement("line", {
    x1: 0,
    x2: 28,
    y1: 5,
    y2: 5,
    "stroke-width": 2.25,
    "stroke-dasharray": isChosen ? dashes(style).join(" ") || null : null,
  });
  const swatch =
    isChosen &&
    svgElement(
      "svg",
      { class: `swatch run-${style % 6}`, viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" },
      line,
    );
  const label = element("label", { class: "run-name" }, box, element("span", {}, run.name), swatch);
  const total = run.steps ?? (progress && totalSteps(progress));
  const step = Math.max(run.step ?? 0, progress ? stepOf(progress) : 0);
  return element(
    "li",
    { class: "card run", "data-state": run.state },
    element("div", { class: "run-head" }, label, state(run.state)),
    total ? element("progress", { max: total, value: run.state === "finished" ? total : step, "aria-label": t("training.progress") }) : null,
    element("p", { class: "note" }, where(run, step, total)),
    run.error && element("p", { class: "problem" }, run.error),
    progress && facts(run, progress, seen),
    mayControl && run.can_control && buttons(run, control),
  );
}

function state(name) {
  return element("span", { class: `state state-${name}` }, t(`training.state.${name}`));
}

function where({ state, epoch, epochs, updated, error }, step, total) {
  const key = state === "finished" && step < total ? "training.ended_early" : "training.epoch_of";
  const parts = [
    epoch !== null && epochs !== null && t(key, { epoch: tick(epoch), epochs: tick(epochs) }),
    total ? t("training.step_of", { step, total }) : !error && t("training.step", { step }),
    updated && t("training.updated", { time: moment(updated) }),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** The figures of the last steps. */
function facts(run, progress, seen) {
  const last = progress.steps.at(-1);
  const validation = progress.validations.at(-1);
  const left = run.state === "training" ? secondsLeft(progress, seen) : null;
  const entries = [
    ["training.left", left === null ? null : t("training.about", { time: clock(left) })],
    ["training.loss", last && figure(last.loss)],
    ["training.validation_loss", validation && figure(validation.validationLoss)],
    ["training.rate", last && figure(last.tokens_per_second)],
    ["training.gradient", last && figure(last.gradient_norm)],
    ["training.learning", last && figure(last.learning_rate)],
    ["training.parameters", progress.parameters && figure(progress.parameters)],
  ];
  const shown = entries.filter(([, value]) => value);
  return element(
    "dl",
    { class: "facts" },
    ...shown.map(([key, value]) => element("div", {}, element("dt", {}, t(key)), element("dd", {}, value))),
  );
}

function buttons({ name, state: is }, control) {
  const action = is === "training" ? "stop" : "resume";
  if (is === "finished") return null;
  return element(
    "p",
    { class: "run-buttons" },
    element(
      "button",
      { type: "button", "aria-label": t(`training.${action}.label`, { name }), onclick: () => control(action) },
      t(`training.${action}`),
    ),
    element("span", { class: "note" }, t(`training.${action}.note`)),
  );
}
