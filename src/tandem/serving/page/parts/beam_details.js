/** What is known of the nodes of a beam search: in sentences, as a list, and as a table. */

import { pathTo } from "../beam_layout.js";
import { element } from "../dom.js";
import { number, percent, t } from "../texts.js";
import { nodeName } from "./beam_tree.js";

/**
 * Return a node's fate as a sentence.
 *
 * @param {import("../beam_layout.js").Trace} trace
 * @param {number} id
 * @param {import("../beam_layout.js").State} state
 */
export function fateOf(trace, id, state) {
  const { reason } = trace.nodes[id];
  if (state === "pruned") return t(`beam.reason.${reason || "beam"}`, { beam: trace.beam });
  return t(`beam.state.${state}`);
}

/**
 * Return a node in one sentence, for screen readers.
 *
 * @param {import("../beam_layout.js").Trace} trace
 * @param {number} id
 * @param {import("../beam_layout.js").State} state
 */
export function describeNode(trace, id, state) {
  const { token, step, place, token_log_probability: own, log_probability: all } = trace.nodes[id];
  if (id === 0) return t("beam.root");
  const values = { token: nodeName(token), step, place: place + 1, share: percent(Math.exp(own)), all: number(all) };
  return `${t("beam.node", values)} ${fateOf(trace, id, state)}`;
}

/**
 * Return a node's figures as a list.
 *
 * @param {import("../beam_layout.js").Trace} trace
 * @param {number} id
 * @param {import("../beam_layout.js").State} state
 */
export function nodeDetails(trace, id, state) {
  const { token, step, place, token_log_probability: own, log_probability: all, score } = trace.nodes[id];
  const path = pathTo(trace.nodes, id)
    .slice(1, -1)
    .map((each) => nodeName(trace.nodes[each].token));
  const row = (name, value) => element("div", {}, element("dt", {}, t(name)), element("dd", {}, value));
  return element(
    "div",
    { class: "details" },
    element("p", { class: "hypothesis", dir: "auto" }, `${path.join(" ")} `, element("strong", {}, nodeName(token))),
    element(
      "dl",
      {},
      row("beam.step", number(step, 0)),
      row("beam.place", number(place + 1, 0)),
      row("beam.own", percent(Math.exp(own))),
      row("beam.own_log", number(own)),
      row("beam.all", number(all)),
      score !== null && row("beam.score", number(score)),
    ),
    element("p", { class: "fate" }, fateOf(trace, id, state)),
  );
}

/**
 * Return all nodes as rows of a table; the first row names the columns.
 *
 * @param {import("../beam_layout.js").Trace} trace
 */
export function nodeRows({ nodes }) {
  const head = [
    "id",
    "parent",
    "step",
    "place",
    "token",
    "token_log_probability",
    "log_probability",
    "score",
    "fate",
    "reason",
  ];
  return [head, ...nodes.map((node) => head.map((name) => node[name]))];
}

/**
 * Return the table of a search for those who do not see the tree: a row a node, in the order of steps and places.
 *
 * @param {import("../beam_layout.js").Trace} trace
 * @param {Map<number, import("../beam_layout.js").State>} states after the last step
 */
export function nodeTable(trace, states) {
  const names = [
    "beam.step",
    "beam.place",
    "beam.after",
    "beam.token",
    "beam.own",
    "beam.all",
    "beam.score",
    "beam.fate",
  ];
  const figures = [0, 1, 4, 5, 6];
  const kind = (column) => (figures.includes(column) ? "figure" : null);
  const head = names.map((name, column) => element("th", { scope: "col", class: kind(column) }, t(name)));
  const ordered = trace.nodes.slice(1).sort((one, other) => one.step - other.step || one.place - other.place);
  const rows = ordered.map((node) => {
    const before = pathTo(trace.nodes, node.parent)
      .slice(1)
      .map((each) => nodeName(trace.nodes[each].token))
      .join(" ");
    const cells = [
      number(node.step, 0),
      number(node.place + 1, 0),
      before,
      nodeName(node.token),
      percent(Math.exp(node.token_log_probability)),
      number(node.log_probability),
      number(node.score),
      fateOf(trace, node.id, states.get(node.id)),
    ];
    return element("tr", {}, ...cells.map((cell, column) => element("td", { class: kind(column) }, cell)));
  });
  return element(
    "table",
    { class: "figures" },
    element("caption", { class: "unseen" }, t("beam.table")),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
}
