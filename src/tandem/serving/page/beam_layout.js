/** Where the nodes of a watched beam search stand, and what has become of them. Nothing here touches the page. */

import { cutText, roughWidth, shownToken } from "./tokens.js";

/** Sizes in pixels. */
export const SIZES = {
  node: 38,
  row: 46,
  top: 30,
  gap: 34,
  font: 13,
  padding: 16,
  narrowest: 46,
  widest: 136,
  edge: 8,
};

/**
 * @typedef {object} Trace the answer of /v1/trace
 * @property {{id: number, parent: number|null, step: number, token: string, token_log_probability: number,
 *   log_probability: number, score: number|null, fate: string, reason: string, place: number}[]} nodes
 * @property {number[]} results
 * @property {number} steps
 *
 * @typedef {"root"|"live"|"past"|"complete"|"result"|"pruned"|"dead"} State
 */

/**
 * Return where each node stands: steps from left to right, and in each the best on top.
 *
 * @param {Trace} trace
 * @param {(token: string) => string} [name] how a token is shown
 * @returns {{width: number, height: number, columns: {x: number, width: number}[],
 *   boxes: Map<number, {x: number, y: number, width: number, height: number, text: string}>}}
 */
export function layoutTree({ nodes, steps }, name = shownToken) {
  const widths = Array(steps + 1).fill(SIZES.narrowest);
  let rows = 0;
  for (const { step, token, place } of nodes) {
    const wanted = roughWidth(name(token), SIZES.font) + SIZES.padding;
    widths[step] = Math.max(widths[step], Math.min(SIZES.widest, Math.ceil(wanted)));
    rows = Math.max(rows, place + 1);
  }
  let x = SIZES.edge;
  const columns = widths.map((width) => {
    const column = { x, width };
    x += width + SIZES.gap;
    return column;
  });
  const boxes = new Map();
  for (const { id, step, token, place } of nodes) {
    const { x: left, width } = columns[step];
    const text = cutText(name(token), width - SIZES.padding, SIZES.font);
    boxes.set(id, { x: left, y: SIZES.top + place * SIZES.row, width, height: SIZES.node, text });
  }
  return { width: x - SIZES.gap + SIZES.edge, height: SIZES.top + rows * SIZES.row, columns, boxes };
}

/**
 * Return what has become of each node after a step; those that do not exist yet are left out.
 *
 * "past" has a hypothesis behind it that is live or complete; "dead" has none any more. After the last step, "result" are
 * the nodes of the best translation, and complete hypotheses that were not returned count as pruned, as do those that
 * never ended.
 *
 * @param {Trace} trace
 * @param {number} step
 * @returns {Map<number, State>}
 */
export function statesAt({ nodes, results, steps }, step) {
  const isOver = step >= steps;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const states = new Map();
  const alive = new Set();
  for (const node of nodes) {
    if (node.step > step) continue;
    const state = own(node, step, isOver);
    states.set(node.id, state);
    if (state !== "live" && state !== "complete") continue;
    for (let each = node; each && !alive.has(each.id); each = byId.get(each.parent)) alive.add(each.id);
  }
  for (const [id, state] of states) if (state === "past" && !alive.has(id)) states.set(id, "dead");
  if (isOver && results.length) for (const id of pathTo(nodes, results[0])) states.set(id, "result");
  if (states.has(0)) states.set(0, "root");
  return states;
}

function own({ fate, reason, step: begun, token }, step, isOver) {
  if (fate === "complete") return "complete";
  if (fate === "pruned" && reason === "worse") return isOver ? "pruned" : "complete";
  const wentOn = fate === "live" || reason === "end";
  if (!wentOn) return "pruned";
  if (reason === "end" && isOver) return "pruned";
  if (token === "<eos>") return "complete";
  return begun === step && !isOver ? "live" : "past";
}

/**
 * Return the ids from the root to a node.
 *
 * @param {Trace["nodes"]} nodes
 * @param {number} id
 */
export function pathTo(nodes, id) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const path = [];
  for (let node = byId.get(id); node; node = byId.get(node.parent)) path.unshift(node.id);
  return path;
}

/**
 * Return how many nodes of the step are in which state.
 *
 * @param {Trace} trace
 * @param {Map<number, State>} states
 * @param {number} step
 */
export function countsAt({ nodes }, states, step) {
  const counts = { live: 0, complete: 0, pruned: 0 };
  for (const { id, step: begun, token } of nodes) {
    if (begun !== step || !states.has(id) || id === 0) continue;
    const state = states.get(id);
    if (state === "pruned") counts.pruned += 1;
    else if (token === "<eos>") counts.complete += 1;
    else counts.live += 1;
  }
  return counts;
}

/**
 * Return the node that an arrow key leads to, among those that are shown, or null.
 *
 * @param {Trace} trace
 * @param {Map<number, State>} states
 * @param {number} id
 * @param {string} key
 */
export function neighbour({ nodes }, states, id, key) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const here = byId.get(id);
  const shown = nodes.filter((node) => states.has(node.id));
  const best = (found) => found.sort((one, other) => one.place - other.place)[0]?.id ?? null;
  if (key === "ArrowLeft") return here.parent;
  if (key === "ArrowRight") {
    const children = shown.filter(({ parent }) => parent === id);
    return children.find((child) => states.get(child.id) === "result")?.id ?? best(children);
  }
  const column = shown.filter(({ step }) => step === here.step).sort((one, other) => one.place - other.place);
  const place = column.indexOf(here) + (key === "ArrowDown" ? 1 : -1);
  return column[place]?.id ?? null;
}
