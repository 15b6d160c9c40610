/** The validations of the chosen runs as a table. */

import { element } from "../dom.js";
import { saveButtons } from "../parts/save_buttons.js";
import { scoreName } from "../score_names.js";
import { number, t } from "../texts.js";

/**
 * Return the rows of the table; the first names the columns.
 *
 * @param {{name: string, progress: import("./progress.js").Progress}[]} runs
 * @param {string[]} scores the names of the scores
 */
export function epochRows(runs, scores) {
  const head = ["run", "epoch", "step", "train_loss", "validation_loss", ...scores, "seconds", "best"];
  const rows = runs.flatMap(({ name, progress }) =>
    progress.validations.map(({ epoch, step, trainLoss, validationLoss, scores: of, seconds, best }) => [
      ...[name, epoch, step, trainLoss, validationLoss],
      ...scores.map((score) => of[score] ?? null),
      ...[seconds, best ? "best" : ""],
    ]),
  );
  return [head, ...rows];
}

/** Return the table, or nothing before the first validation. */
export function epochsTable(runs, scores) {
  const [, ...rows] = epochRows(runs, scores);
  if (!rows.length) return null;
  const best = new Map(
    runs.map(({ name, progress }) => [name, progress.validations.findLast((each) => each.best)?.epoch]),
  );
  const several = runs.length > 1;
  const names = ["training.epoch", "training.steps", "training.train_loss", "training.validation_loss"].map((key) =>
    t(key),
  );
  const head = [several && t("training.run"), ...names, ...scores.map(scoreName), t("training.seconds")].filter(
    Boolean,
  );
  const body = rows.map(([name, epoch, step, trainLoss, validationLoss, ...rest]) => {
    const isBest = best.get(name) === epoch;
    const values = [
      number(step, 0),
      number(trainLoss, 3),
      number(validationLoss, 3),
      ...rest.slice(0, -2).map((score) => number(score, 2)),
      number(rest.at(-2), 1),
    ];
    return element(
      "tr",
      { class: isBest && "best" },
      several && element("td", {}, name),
      element(
        "th",
        { scope: "row", class: "figure" },
        String(epoch),
        isBest && element("span", { class: "best-mark" }, ` ★ ${t("training.best")}`),
      ),
      ...values.map((value) => element("td", { class: "figure" }, value)),
    );
  });
  const columns = head.map((name, at) =>
    element("th", { scope: "col", class: (!several || at > 0) && "figure" }, name),
  );
  const table = element(
    "table",
    { class: "figures" },
    element("thead", {}, element("tr", {}, ...columns)),
    element("tbody", {}, ...body),
  );
  const save = saveButtons({ name: "tandem-epochs", table: () => epochRows(runs, scores) });
  return element(
    "section",
    { class: "card padded", "aria-labelledby": "epochs-title" },
    element("div", { class: "chart-head" }, element("h2", { id: "epochs-title" }, t("training.epochs")), save),
    element("div", { class: "scrolled", tabindex: 0, role: "group", "aria-labelledby": "epochs-title" }, table),
  );
}
