/** The same chart as an SVG, which a canvas cannot be saved as. */

import { svgElement } from "../dom.js";
import { cutText } from "../tokens.js";
import { colour, dashes, runColour } from "./colours.js";
import { clock, tick } from "./format.js";

const [WIDTH, HEIGHT] = [720, 320];
const EDGE = { left: 64, right: 16, top: 36, bottom: 44 };

/**
 * Return the chart as an SVG that needs no style sheet.
 *
 * @param {object} chart
 * @param {import("./curves.js").Line[]} chart.lines
 * @param {import("./chart.js").Look} chart.look
 * @param {{x: {min: number, max: number}, y: {min: number, max: number}}} chart.shown the part of the axes that is shown
 * @returns {SVGSVGElement}
 */
export function picture({ lines, look, shown }) {
  const [ink, soft, grid] = ["--ink", "--soft", "--line"].map(colour);
  const across = scale(shown.x, [EDGE.left, WIDTH - EDGE.right], false);
  const up = scale(shown.y, [HEIGHT - EDGE.bottom, EDGE.top], look.isLog);
  const height = HEIGHT + lines.length * 20;
  const svg = svgElement("svg", {
    ...{
      viewBox: `0 0 ${WIDTH} ${height}`,
      width: WIDTH,
      height,
      fill: soft,
      "font-size": 12,
      "font-family": "system-ui, sans-serif",
    },
  });
  svg.append(svgElement("text", { x: EDGE.left, y: 20, fill: ink, "font-size": 14, "font-weight": 600 }, look.title));
  for (const value of ticks(shown.y, look.isLog ? 4 : 5, look.isLog)) {
    const y = up(value);
    svg.append(svgElement("line", { x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y, y2: y, stroke: grid }));
    svg.append(svgElement("text", { x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, tick(value)));
  }
  for (const value of ticks(shown.x, 6, false)) {
    const label = look.axis === "time" ? clock(value) : tick(value);
    svg.append(svgElement("text", { x: across(value), y: HEIGHT - EDGE.bottom + 18, "text-anchor": "middle" }, label));
  }
  svg.append(svgElement("text", { x: WIDTH - EDGE.right, y: HEIGHT - 8, "text-anchor": "end" }, look.axisTitle));
  svg.append(
    ...lines.flatMap((line) => drawn(line, shown, across, up)),
    ...lines.map((line, at) => named(line, HEIGHT + at * 20, ink)),
  );
  return svg;
}

function scale({ min, max }, [from, to], isLog) {
  const value = isLog ? Math.log : (each) => each;
  const span = value(max) - value(min) || 1;
  return (each) => Math.round((from + ((value(each) - value(min)) / span) * (to - from)) * 10) / 10;
}

/** Return round numbers between two bounds, about `count`. */
export function ticks({ min, max }, count, isLog) {
  if (isLog) return logTicks(min, max);
  const raw = (max - min || 1) / count;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((each) => each * size >= raw) * size;
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  );
}

function logTicks(min, max) {
  const powers = Array.from({ length: 25 }, (_, at) => 10 ** (at - 12));
  return powers
    .flatMap((power) => [1, 2, 5].map((each) => Number((each * power).toPrecision(12))))
    .filter((each) => each >= min && each <= max);
}

function drawn({ x, y, style, dots }, shown, across, up) {
  const points = x
    .map((place, at) => [place, y[at]])
    .filter(([place, value]) => value !== null && place >= shown.x.min && place <= shown.x.max)
    .map(([place, value]) => [across(place), up(value)]);
  const stroke = colour(runColour(style));
  const line = svgElement("polyline", {
    ...{
      points: points.map((each) => each.join(",")).join(" "),
      fill: "none",
      stroke,
      "stroke-width": dots ? 2 : 1.25,
    },
    "stroke-dasharray": dashes(style).join(" ") || null,
    "stroke-linejoin": "round",
  });
  return [line, ...(dots ? points.map(([cx, cy]) => svgElement("circle", { cx, cy, r: 3.5, fill: stroke })) : [])];
}

function named({ label, style, dots }, y, ink) {
  const stroke = colour(runColour(style));
  return svgElement(
    "g",
    { transform: `translate(${EDGE.left} ${y})` },
    svgElement("line", {
      x2: 28,
      stroke,
      "stroke-width": dots ? 2 : 1.25,
      "stroke-dasharray": dashes(style).join(" ") || null,
    }),
    dots && svgElement("circle", { cx: 14, r: 3.5, fill: stroke }),
    svgElement("text", { x: 36, y: 4, fill: ink }, cutText(label, 600, 12)),
  );
}
