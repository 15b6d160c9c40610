/** A heat map: numbers in rows and columns as shades, to be read with the pointer, the keyboard or as a table. */

import { element, svgElement } from "./dom.js";
import { LEVELS, boundOf, levelPaths, minusPath } from "./heat_scale.js";
import { language, t } from "./texts.js";
import { cutText, roughWidth } from "./tokens.js";

const FONT = 12;
const GAP = 8; // between the labels and the cells
const LEGEND = 44; // the height of the scale below the cells
const TABLE_CELLS = 20_000; // a larger table would hold the page up

/**
 * Return a figure that shows `values[row][column]`; a value may be null.
 *
 * Below zero is another colour and, where a cell is large enough, a dash. The figure's `svg` can be saved. Arrow keys move
 * a cursor that a screen reader reads out; the same numbers are in a table that opens below.
 *
 * @param {object} map
 * @param {string[]} map.rows labels
 * @param {string[]} map.columns labels
 * @param {(number|null)[][]} map.values
 * @param {boolean} [map.signed] whether values may be below zero
 * @param {string} map.label what the map shows, for a screen reader
 * @param {number} [map.bound] the value of the full colour; the largest value otherwise
 * @param {number} [map.room] the pixels that the columns may share; a column takes 20 to 56 of them
 * @param {(row: number) => string} [map.rowName] how a row is called where its value is told
 * @param {(row: number|null, column: number|null) => void} [map.onPoint] told where the pointer or cursor is
 * @returns {HTMLElement}
 */
export function heatMap({
  rows,
  columns,
  values,
  signed = false,
  label,
  bound = boundOf(values),
  room = 640,
  rowName = (row) => rows[row],
  onPoint = () => {},
}) {
  const layout = layoutOf(rows, columns, room);
  const mark = svgElement("rect", {
    class: "heat-mark",
    width: layout.cellWidth,
    height: layout.cellHeight,
    "data-unsaved": true,
  });
  const cells = svgElement(
    "g",
    { transform: `translate(${layout.left} ${layout.top})` },
    ...shades(values, bound, layout),
    mark,
  );
  const picture = svgElement("svg", {
    class: "heat-svg",
    role: "img",
    tabindex: 0,
    "aria-label": label,
    viewBox: `0 0 ${layout.width} ${layout.height}`,
    width: layout.width,
    height: layout.height,
  });
  picture.append(rowLabels(rows, layout), columnLabels(columns, layout), cells, scale(bound, signed, layout));
  const tip = element("div", { class: "heat-tip", "aria-hidden": "true", hidden: true });
  const spoken = element("p", { class: "unseen", role: "status" });
  const figure = element(
    "figure",
    { class: "heat-map" },
    element("div", { class: "scrolled" }, picture),
    tip,
    spoken,
    tableOf(rows, columns, values),
  );
  follow({ figure, svg: picture, mark, tip, spoken, layout, rowName, columns, values, onPoint });
  return figure;
}

/** Return a number for reading: three significant digits as the language writes them. */
export function shortNumber(value) {
  if (value === null || value === undefined) return "–";
  return new Intl.NumberFormat(language(), { maximumSignificantDigits: 3 }).format(value).replace("-", "−");
}

function layoutOf(rows, columns, room) {
  const cellWidth = Math.max(20, Math.min(56, Math.floor(room / Math.max(columns.length, 1))));
  const cellHeight = rows.length <= 20 ? 26 : rows.length <= 48 ? 16 : rows.length <= 160 ? 8 : 4;
  const widest = Math.max(...columns.map((each) => roughWidth(each, FONT)), 0);
  const turned = widest > cellWidth - 6;
  const shown = Math.min(widest, 140);
  const left = Math.ceil(Math.min(Math.max(...rows.map((each) => roughWidth(each, FONT)), 20), 160)) + GAP;
  const top = (turned ? Math.ceil(shown * 0.71) + 10 : FONT + 4) + GAP;
  const [gridWidth, gridHeight] = [columns.length * cellWidth, rows.length * cellHeight];
  const right = turned ? Math.ceil(shown * 0.71) : 4; // the last labels lean over the edge
  return {
    ...{ cellWidth, cellHeight, turned, left, top, gridHeight },
    width: left + Math.max(gridWidth + right, 200),
    height: top + gridHeight + LEGEND,
  };
}

function shades(values, bound, { cellWidth, cellHeight }) {
  const paths = [...levelPaths(values, bound, cellWidth, cellHeight)].map(([level, d]) =>
    svgElement("path", { d, class: level < 0 ? "heat-minus" : "heat-plus", "fill-opacity": Math.abs(level) / LEVELS }),
  );
  const dashes = cellHeight >= 12 ? minusPath(values, bound, cellWidth, cellHeight) : "";
  return [...paths, dashes && svgElement("path", { d: dashes, class: "heat-dash" })].filter(Boolean);
}

function rowLabels(rows, { left, top, cellHeight }) {
  const every = Math.ceil(14 / cellHeight);
  const shown = rows.map(
    (row, at) =>
      at % every === 0 &&
      svgElement(
        "text",
        { x: left - GAP, y: top + (at + 0.5) * cellHeight, dy: "0.35em", "text-anchor": "end" },
        cutText(row, 160, FONT),
      ),
  );
  return svgElement("g", { class: "heat-labels" }, ...shown);
}

function columnLabels(columns, { left, top, cellWidth, turned }) {
  const shown = columns.map((column, at) => {
    const x = left + (at + 0.5) * cellWidth;
    const place = turned
      ? { transform: `translate(${x + 2} ${top - GAP + 2}) rotate(-45)` }
      : { x, y: top - GAP, "text-anchor": "middle" };
    return svgElement("text", place, cutText(column, 140, FONT));
  });
  return svgElement("g", { class: "heat-labels" }, ...shown);
}

/** The scale from the lowest to the highest value, as a row of shades with numbers. */
function scale(bound, signed, { left, top, gridHeight }) {
  const steps = Array.from({ length: 25 }, (_, at) => (signed ? (at - 12) / 12 : at / 24));
  const width = 6;
  const swatches = steps.map((share, at) =>
    svgElement("rect", {
      ...{ x: at * width, width, height: 8, "fill-opacity": Math.abs(share) },
      class: share < 0 ? "heat-minus" : "heat-plus",
    }),
  );
  const numbers = (signed ? [-bound, 0, bound] : [0, bound]).map((value, at, all) =>
    svgElement(
      "text",
      {
        x: (at / (all.length - 1)) * steps.length * width,
        y: 22,
        "text-anchor": at === 0 ? "start" : at < all.length - 1 ? "middle" : "end",
      },
      shortNumber(value),
    ),
  );
  const frame = svgElement("rect", { class: "heat-frame", width: steps.length * width, height: 8 });
  return svgElement(
    "g",
    { class: "heat-labels", transform: `translate(${left} ${top + gridHeight + 14})` },
    ...swatches,
    frame,
    ...numbers,
  );
}

/** Show the value where the pointer or the keyboard's cursor is. */
function follow({ figure, svg, mark, tip, spoken, layout, rowName, columns, values, onPoint }) {
  let at = null;
  const leave = () => {
    at = null;
    tip.hidden = true;
    mark.classList.remove("shown");
    onPoint(null, null);
  };
  const go = (row, column) => {
    if (at && at[0] === row && at[1] === column) return false;
    at = [row, column];
    const sentence = t("heat.value", {
      row: rowName(row),
      column: columns[column],
      value: shortNumber(values[row][column]),
    });
    mark.setAttribute("x", column * layout.cellWidth);
    mark.setAttribute("y", row * layout.cellHeight);
    mark.classList.add("shown");
    tip.textContent = sentence;
    tip.hidden = false;
    place(tip, mark, figure);
    onPoint(row, column);
    return sentence;
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - layout.left) / layout.cellWidth);
    const row = Math.floor((event.clientY - box.top - layout.top) / layout.cellHeight);
    if (row >= 0 && row < values.length && column >= 0 && column < columns.length) go(row, column);
    else if (at) leave();
  });
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", (event) => {
    const next = moved(event.key, at, values.length, columns.length);
    if (event.key === "Escape" && at) leave();
    if (!next) return;
    event.preventDefault();
    spoken.textContent = go(...next) || spoken.textContent;
    mark.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

/** Return the place that a key leads to, or null where it leads nowhere. */
export function moved(key, at, rows, columns) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  if (!rows || !columns) return null;
  if (key in steps && !at) return [0, 0];
  if (key in steps) return [clamped(at[0] + steps[key][0], rows), clamped(at[1] + steps[key][1], columns)];
  if (key === "Home") return [at?.[0] ?? 0, 0];
  if (key === "End") return [at?.[0] ?? 0, columns - 1];
  return null;
}

function clamped(place, count) {
  return Math.max(0, Math.min(count - 1, place));
}

/** Put a tip above a mark, within its figure. */
function place(tip, mark, figure) {
  const [box, around] = [mark.getBoundingClientRect(), figure.getBoundingClientRect()];
  const middle = box.left + box.width / 2 - around.left;
  const half = tip.offsetWidth / 2;
  tip.style.left = `${Math.max(half, Math.min(around.width - half, middle))}px`;
  tip.style.top = `${box.top - around.top - 6}px`;
}

function tableOf(rows, columns, values) {
  if (rows.length * columns.length > TABLE_CELLS) return null;
  const details = element("details", { class: "heat-table" }, element("summary", {}, t("heat.table")));
  details.addEventListener(
    "toggle",
    () => {
      const head = element("tr", {}, element("td"), ...columns.map((each) => element("th", { scope: "col" }, each)));
      const body = values.map((row, at) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, rows[at]),
          ...row.map((each) => element("td", { class: "figure" }, shortNumber(each))),
        ),
      );
      const table = element("table", { class: "figures" }, element("thead", {}, head), element("tbody", {}, ...body));
      details.append(
        element("div", { class: "scrolled", tabindex: 0, role: "group", "aria-label": t("heat.table") }, table),
      );
    },
    { once: true },
  );
  return details;
}
