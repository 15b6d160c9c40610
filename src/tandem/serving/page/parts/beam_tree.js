/** The picture of a beam search: its hypotheses as a tree, time from left to right. */

import { layoutTree, neighbour, SIZES, statesAt } from "../beam_layout.js";
import { svgElement } from "../dom.js";
import { percent, t } from "../texts.js";
import { shownToken } from "../tokens.js";

const KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

/** Return how a token of the tree is shown. */
export function nodeName(token) {
  if (token === "<sos>") return t("beam.start");
  return token === "<eos>" ? t("part.end") : shownToken(token);
}

/**
 * Return the tree and what changes it.
 *
 * @param {import("../beam_layout.js").Trace} trace
 * @param {object} options
 * @param {(id: number|null) => void} options.onLook the pointer or the focus is at a node, or at none any more
 * @param {(id: number) => void} options.onChoose a node was clicked, or Enter pressed on it
 * @param {(id: number, state: string) => string} options.describe a node as a sentence, for screen readers
 * @returns {{svg: SVGSVGElement, showStep: (step: number) => void, choose: (id: number|null) => void,
 *   columnOf: (step: number) => {x: number, width: number}}}
 */
export function beamTree(trace, { onLook, onChoose, describe }) {
  const { width, height, columns, boxes } = layoutTree(trace, nodeName);
  let states = new Map();
  const edges = new Map();
  const groups = new Map();
  for (const node of trace.nodes) {
    if (node.parent !== null) edges.set(node.id, edge(boxes.get(node.parent), boxes.get(node.id)));
    groups.set(node.id, box(node, boxes.get(node.id)));
  }
  const heads = columns.map(({ x, width: room }, step) =>
    svgElement("text", { class: "head", x: x + room / 2, y: 16, "text-anchor": "middle" }, step || ""),
  );
  const now = svgElement("rect", { class: "now", y: 0, height, rx: 8 });
  const svg = svgElement(
    "svg",
    { class: "tree", viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": t("beam.tree") },
    now,
    ...heads,
    svgElement("g", {}, ...edges.values()),
    svgElement("g", {}, ...groups.values()),
  );
  const idOf = (target) => {
    const group = target instanceof Element ? target.closest(".node") : null;
    return group ? Number(group.dataset.id) : null;
  };
  svg.addEventListener("pointerover", ({ target }) => onLook(idOf(target)));
  svg.addEventListener("pointerleave", () => onLook(null));
  svg.addEventListener("focusin", ({ target }) => onLook(idOf(target)));
  svg.addEventListener("focusout", () => onLook(null));
  svg.addEventListener("click", ({ target }) => idOf(target) !== null && onChoose(idOf(target)));
  svg.addEventListener("keydown", press);

  function press(event) {
    const id = idOf(event.target);
    if (id === null) return;
    if (event.key === "Enter" || event.key === " ") onChoose(id);
    else if (KEYS.includes(event.key)) focus(neighbour(trace, states, id, event.key));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function focus(id) {
    if (id === null) return;
    for (const [other, group] of groups) group.setAttribute("tabindex", other === id ? "0" : "-1");
    groups.get(id).focus();
  }

  function showStep(step) {
    states = statesAt(trace, step);
    for (const [id, group] of groups) {
      const state = states.get(id);
      group.setAttribute("class", `node ${state ?? "hidden"}${group.classList.contains("chosen") ? " chosen" : ""}`);
      edges.get(id)?.setAttribute("class", `edge ${state ?? "hidden"}`);
      if (state) group.setAttribute("aria-label", describe(id, state));
      group.setAttribute("tabindex", id === 0 ? "0" : "-1");
    }
    const { x, width: room } = columns[step];
    now.setAttribute("x", x - 6);
    now.setAttribute("width", room + 12);
    svg.classList.toggle("over", step >= trace.steps);
  }

  function choose(id) {
    for (const [other, group] of groups) group.classList.toggle("chosen", other === id);
  }

  return { svg, showStep, choose, columnOf: (step) => columns[step] };
}

function edge(from, to) {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  const bend = SIZES.gap * 0.55;
  return svgElement("path", { class: "edge", d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
}

function box({ id, token, token_log_probability: score }, { x, y, width, height, text }) {
  const middle = x + width / 2;
  const special = token.startsWith("<") ? "name special" : "name";
  return svgElement(
    "g",
    { class: "node", "data-id": id, role: "img", tabindex: "-1" },
    svgElement("rect", { x, y, width, height, rx: 7 }),
    svgElement("text", { class: special, x: middle, y: y + (id ? 17 : 23), "text-anchor": "middle" }, text),
    id > 0 &&
      svgElement("text", { class: "share", x: middle, y: y + 31, "text-anchor": "middle" }, percent(Math.exp(score))),
  );
}
