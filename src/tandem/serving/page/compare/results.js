/** What came of a comparison. */

import { differences } from "../differences.js";
import { element } from "../dom.js";
import { markedText, outputColumn, referenceLine } from "../parts/example.js";
import { field, select } from "../parts/fields.js";
import { saveButtons } from "../parts/save_buttons.js";
import { scoreName } from "../score_names.js";
import { number, t } from "../texts.js";
import { ORDERS, gain, shownRows, verdict } from "./rows.js";

const AT_ONCE = 100; // rows that are shown before somebody asks for more

/** The scores, what they mean, and the rows in the order that the address asks for. */
export class Results {
  /** @param {import("../views.js").Context} context whose parameters "order" and "rows" it sets */
  constructor(context) {
    this.context = context;
    this.element = element("div", { class: "compare-results" });
    this.list = element("ol", { class: "compared" });
    this.count = element("p", { class: "note", role: "status" });
  }

  /** Show why there is nothing to show. */
  fail(paragraph) {
    this.element.replaceChildren(paragraph);
  }

  /** @param {object} answer of /v1/compare */
  show(answer) {
    this.answer = answer;
    this.shown = AT_ONCE;
    const parts = [answer.scores && this.scores(), this.tools(), this.count, this.list];
    this.element.replaceChildren(...parts.filter(Boolean));
    this.showRows();
  }

  scores() {
    const { models, scores, signatures, significance, count } = this.answer;
    const [first, second] = models.map((name) => scores[name]);
    const names = Object.keys(first);
    const rows = () => [
      ["metric", ...models, "signature"],
      ...names.map((each) => [each, first[each], second[each], signatures[each] ?? ""]),
    ];
    const head = ["", ...models, t("compare.difference")].map((text, at) =>
      element("th", { scope: "col", class: at > 0 && "figure" }, text),
    );
    const body = names.map((name) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, scoreName(name)),
        element("td", { class: "figure" }, number(first[name])),
        element("td", { class: "figure" }, number(second[name])),
        element("td", { class: "figure" }, signed(second[name] - first[name], 2)),
      ),
    );
    return element(
      "section",
      { class: "card padded", "aria-labelledby": "scores-title" },
      element(
        "div",
        { class: "chart-head" },
        element("h2", { id: "scores-title" }, t("compare.scores", { count })),
        saveButtons({ name: "tandem-scores", table: rows }),
      ),
      element(
        "div",
        { class: "scrolled", tabindex: 0, role: "group", "aria-labelledby": "scores-title" },
        element(
          "table",
          { class: "figures" },
          element("thead", {}, element("tr", {}, ...head)),
          element("tbody", {}, ...body),
        ),
      ),
      significance && element("p", { class: "verdict" }, sentence(significance, models, scores)),
      signatureList(signatures),
    );
  }

  /** The order of the rows, and which there are. */
  tools() {
    const { parameters, setParameters } = this.context;
    const hasScores = Boolean(this.answer.scores);
    const orders = (hasScores ? ORDERS : ORDERS.slice(0, 1)).map((each) => [
      each,
      t(`compare.order.${each}`, this.names()),
    ]);
    const use = (changes) => {
      setParameters(changes);
      this.shown = AT_ONCE;
      this.showRows();
    };
    const all = element("input", {
      type: "checkbox",
      checked: this.wish().onlyDifferent,
      onchange: ({ target }) => use({ rows: target.checked ? null : "all" }),
    });
    return element(
      "div",
      { class: "options" },
      field(
        t("compare.order"),
        select(orders, parameters.get("order") ?? this.wish().order, (value) => use({ order: value })),
      ),
      element("label", { class: "field" }, all, t("compare.only")),
      element("span", { class: "end" }, saveButtons({ name: "tandem-comparison", table: () => this.table() })),
    );
  }

  names() {
    const [first, second] = this.answer.models;
    return { first, second };
  }

  wish() {
    const { parameters } = this.context;
    const usual = this.answer.scores ? "difference" : "file";
    const order = ORDERS.includes(parameters.get("order")) ? parameters.get("order") : usual;
    return { order, onlyDifferent: parameters.get("rows") !== "all" };
  }

  showRows() {
    const { rows, models } = this.answer;
    const shown = shownRows(rows, this.wish());
    const differing = rows.filter(({ first, second }) => first !== second).length;
    this.count.textContent = t("compare.differing", { differing, all: rows.length });
    const items = shown.slice(0, this.shown).map((row) => pair(row, models));
    const left = shown.length - items.length;
    this.list.replaceChildren(...items);
    if (left > 0)
      this.list.append(
        element(
          "li",
          {},
          element(
            "button",
            { type: "button", onclick: () => this.more() },
            t("compare.more", { count: Math.min(left, AT_ONCE) }),
          ),
        ),
      );
  }

  more() {
    const before = this.shown;
    this.shown += AT_ONCE;
    this.showRows();
    this.list.children[before]?.focus(); // where the button was
  }

  table() {
    const { rows, models } = this.answer;
    const [one, other] = models;
    const head = ["number", "source", "reference", one, other, `${one} chrF`, `${other} chrF`, "difference"];
    const lines = shownRows(rows, this.wish()).map((row) => [
      ...[row.number, row.source, row.reference, row.first, row.second, row.first_score, row.second_score],
      row.first_score === null ? null : gain(row),
    ]);
    return [head, ...lines];
  }
}

function sentence({ metric, p, samples }, models, scores) {
  const [first, second] = models.map((name) => scores[name][metric]);
  const [better, worse] = second > first ? [models[1], models[0]] : models;
  const chance = p < 0.001 ? `< ${number(0.001, 3)}` : `= ${number(p, 3)}`;
  return t(verdict({ p }, first, second), {
    better,
    worse,
    metric: scoreName(metric),
    difference: number(Math.abs(second - first)),
    chance,
    samples,
  });
}

function signatureList(signatures) {
  const entries = Object.entries(signatures ?? {});
  if (!entries.length) return null;
  const list = element(
    "dl",
    { class: "signatures" },
    ...entries.flatMap(([name, signature]) => [
      element("dt", {}, name === "significance" ? t("compare.significance") : scoreName(name)),
      element("dd", {}, signature),
    ]),
  );
  return element("details", { class: "heat-table" }, element("summary", {}, t("compare.signatures")), list);
}

function pair({ number: place, source, reference, first, second, first_score: one, second_score: other }, models) {
  const [left, right] = differences(first, second);
  const difference = one === null ? null : other - one;
  const about = t("compare.gain", { first: models[0], second: models[1] });
  const column = (model, pieces, score) =>
    outputColumn(
      [model, score !== null && element("span", { class: "score" }, ` · chrF ${number(score, 1)}`)],
      markedText(pieces),
    );
  return element(
    "li",
    { class: "card example", tabindex: -1 },
    element(
      "div",
      { class: "chart-head" },
      element("p", { class: "example-source", dir: "auto" }, element("span", { class: "tag" }, `${place} `), source),
      difference !== null &&
        element(
          "span",
          { class: `gain ${difference > 0 ? "up" : difference < 0 ? "down" : ""}`, title: about },
          element("span", { class: "unseen" }, `${about}: `),
          signed(difference, 1),
        ),
    ),
    referenceLine(reference),
    element("div", { class: "example-outputs" }, column(models[0], left, one), column(models[1], right, other)),
  );
}

/** Return a number with its sign. */
function signed(value, digits) {
  return value > 0 ? `+${number(value, digits)}` : number(value, digits).replace("-", "−");
}
