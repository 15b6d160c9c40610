/** Two pictures of which source word moved which target word: a matrix, and lines between the sentences. */

import { svgElement } from "../dom.js";
import { number, t } from "../texts.js";
import { cutText, roughWidth } from "../tokens.js";
import { largest, linksOf, strongest } from "../word_links.js";

const FONT = 13; // pixels, as all that follow
const LONGEST = 130; // of a label
const CELL = { narrowest: 22, numbered: 34, widest: 64, height: 30 };
const LINE = { height: 30, shortest: 110, longest: 420, gap: 10 };
const FAINT = 0.05; // a share of the largest value
const LEAST = 0.12; // weaker ties get a line only when their word is chosen

/**
 * @typedef {object} Words
 * @property {string[]} sources
 * @property {string[]} targets
 * @property {import("../word_links.js").Matrix} matrix
 * @property {string} label what the picture shows, for screen readers
 * @property {number} digits
 * @property {number} room the width there is, in pixels; a long sentence takes more
 *
 * @typedef {{svg: SVGSVGElement, mark: (target: number|null) => void}} Picture
 *   `mark` shows where a target word comes from
 */

/**
 * Return a row for each target word and a column for each source word, shaded by the values.
 *
 * @param {Words} words
 * @returns {Picture}
 */
export function matrixPicture({ sources, targets, matrix, label, digits, room }) {
  const most = largest(matrix) || 1;
  const left = widest(targets) + 16;
  const wish = Math.floor((room - left - 4) / sources.length);
  const column = Math.max(CELL.narrowest, Math.min(CELL.widest, wish));
  const longest = widest(sources);
  const isTurned = longest > column - 4;
  const top = isTurned ? longest * 0.72 + 18 : 26;
  const edge = left + sources.length * column;
  const width = isTurned ? Math.max(edge + 4, edge - column / 2 + widest(sources.slice(-1)) * 0.72 + 12) : edge + 4;
  const heads = sources.map((word, number) => {
    const x = left + (number + 0.5) * column;
    const place = isTurned
      ? { transform: `translate(${x - 4} ${top - 6}) rotate(-45)` }
      : { x, y: top - 8, "text-anchor": "middle" };
    return svgElement("text", { class: "word-label origin", ...place }, cut(word));
  });
  const rows = targets.map((word, target) => {
    const y = top + target * CELL.height;
    const cells = matrix[target].map((value, place) =>
      cell(value, { x: left + place * column, y, width: column }, most, digits),
    );
    return wordRow(
      word,
      target,
      { x: left - 8, y: y + CELL.height / 2 + 4, "text-anchor": "end" },
      {
        area: { x: 0, y, width: edge, height: CELL.height },
        label: sentence(word, sources, matrix[target], digits),
        behind: cells,
      },
    );
  });
  const svg = picture(width, top + targets.length * CELL.height + 4, label, "matrix", [...heads, ...rows]);
  return { svg, mark: (target) => markAll(rows, heads, matrix, target) };
}

function cell(value, { x, y, width }, most, digits) {
  const strength = Math.abs(value ?? 0) / most;
  const sign = (value ?? 0) < 0 ? "against" : "for";
  const box = { x: x + 1, y: y + 1, width: width - 2, height: CELL.height - 2, rx: 3 };
  // Where a number has no room, a dash still tells what is below zero from what is above.
  const dash = sign === "against" && strength > FAINT ? "−" : "";
  const shown = width >= CELL.numbered ? number(value, digits) : dash;
  return svgElement(
    "g",
    { class: `cell ${sign}` },
    svgElement("title", {}, number(value, digits)),
    svgElement("rect", { ...box, class: "shade", "fill-opacity": strength.toFixed(3) }),
    svgElement("text", { x: x + width / 2, y: y + CELL.height / 2 + 4, "text-anchor": "middle" }, shown),
  );
}

/**
 * Return the source's words on the left, the target's on the right, and lines between them, as thick as the values.
 *
 * @param {Words} words
 * @returns {Picture}
 */
export function linesPicture({ sources, targets, matrix, label, digits, room }) {
  const [left, right] = [widest(sources) + 4, widest(targets) + 4];
  const rows = Math.max(sources.length, targets.length);
  const between = Math.max(LINE.shortest, Math.min(LINE.longest, room - left - right - 2 * LINE.gap));
  const width = left + right + between + 2 * LINE.gap;
  const height = rows * LINE.height + 12;
  const y = (place, count) => 6 + (place + 0.5 + (rows - count) / 2) * LINE.height;
  const [x1, x2] = [left + LINE.gap, width - right - LINE.gap];
  const links = linksOf(matrix, 0).map(({ source, target, value, strength }) => {
    const [y1, y2, bend] = [y(source, sources.length), y(target, targets.length), (x2 - x1) * 0.45];
    return svgElement("path", {
      class: `link ${value < 0 ? "against" : "for"}${strength < LEAST ? " weak" : ""}`,
      d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
      "stroke-width": (0.75 + 6 * strength).toFixed(2),
      "stroke-opacity": (0.18 + 0.82 * strength).toFixed(2),
      "data-target": target,
    });
  });
  const heads = sources.map((word, place) =>
    svgElement(
      "text",
      { class: "word-label origin", x: left, y: y(place, sources.length) + 4, "text-anchor": "end" },
      cut(word),
    ),
  );
  // The values of the chosen word stand beside the source's words.
  const values = sources.map((_, place) =>
    svgElement("text", { class: "value", "data-unsaved": true, x: x1 + 6, y: y(place, sources.length) - 6 }),
  );
  const groups = targets.map((word, target) => {
    const middle = y(target, targets.length);
    return wordRow(
      word,
      target,
      { x: x2 + LINE.gap, y: middle + 4 },
      {
        area: { x: x2, y: middle - LINE.height / 2, width: width - x2, height: LINE.height },
        label: sentence(word, sources, matrix[target], digits),
        behind: [],
      },
    );
  });
  const svg = picture(width, height, label, "lines", [...links, ...heads, ...values, ...groups]);
  return {
    svg,
    mark(target) {
      svg.classList.toggle("marked", target !== null);
      for (const link of links) link.classList.toggle("on", Number(link.dataset.target) === target);
      values.forEach(
        (each, place) => (each.textContent = target === null ? "" : number(matrix[target][place], digits)),
      );
      markAll(groups, heads, matrix, target);
    },
  };
}

function picture(width, height, label, name, children) {
  const size = { viewBox: `0 0 ${width} ${height}`, width, height };
  return svgElement(
    "svg",
    { class: `words-picture ${name}`, ...size, role: "group", "aria-label": label },
    ...children,
  );
}

/** A target word, which can have the focus, and what belongs to it. */
function wordRow(word, target, place, { area, label, behind }) {
  return svgElement(
    "g",
    { class: "target", "data-target": target, role: "img", tabindex: target ? "-1" : "0", "aria-label": label },
    svgElement("rect", { ...area, class: "area", rx: 4 }),
    ...behind,
    svgElement("text", { class: word === t("part.end") ? "word-label special" : "word-label", ...place }, cut(word)),
  );
}

function markAll(groups, heads, matrix, target) {
  groups.forEach((group, place) => group.classList.toggle("on", place === target));
  const best = target === null ? null : strongest(matrix[target]);
  heads.forEach((head, place) => head.classList.toggle("on", place === best));
}

/**
 * Return what a target word comes from, as a sentence.
 *
 * @param {string} word
 * @param {string[]} sources
 * @param {(number|null)[]} row
 * @param {number} digits
 */
export function sentence(word, sources, row, digits) {
  const best = strongest(row);
  if (best === null) return t("words.none", { word });
  return t("words.most", { word, source: sources[best], value: number(row[best], digits) });
}

function widest(words) {
  return Math.ceil(Math.max(20, ...words.map((word) => roughWidth(cut(word), FONT))));
}

function cut(word) {
  return cutText(word, LONGEST, FONT);
}
