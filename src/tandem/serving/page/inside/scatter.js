/** The context of a text among those of the training sentences, in a plane. */

import { svgElement } from "../dom.js";
import { percent, t } from "../texts.js";

const EDGE = 30;

/**
 * Return how a plane is laid onto the picture: all points within its edges, both axes at one scale.
 *
 * @param {[number, number][]} points
 * @param {[number, number]} size of the picture
 * @param {number} edge
 * @returns {(point: [number, number]) => [number, number]}
 */
export function plane(points, [width, height], edge) {
  const [least, most] = [Math.min, Math.max].map((pick) =>
    points.reduce(([x, y], [a, b]) => [pick(x, a), pick(y, b)], points[0]),
  );
  const spans = [most[0] - least[0] || 1, most[1] - least[1] || 1];
  const scale = Math.min((width - 2 * edge) / spans[0], (height - 2 * edge) / spans[1]);
  const rounded = (value) => Math.round(value * 10) / 10;
  return ([x, y]) => [
    rounded(width / 2 + (x - (least[0] + most[0]) / 2) * scale),
    rounded(height / 2 - (y - (least[1] + most[1]) / 2) * scale),
  ];
}

/**
 * Return the picture.
 *
 * @param {{point: [number, number], points: [number, number][], variance: [number, number], sentences: number}} answer of /v1/neighbours
 * @param {number} width in pixels
 * @returns {SVGSVGElement}
 */
export function scatter({ point, points, variance, sentences }, width) {
  const height = Math.round(width * 0.72);
  const place = plane([point, ...points], [width, height], EDGE);
  // A line without a length, with round ends, is a dot: one path holds them all.
  const dots = points.map((each) => `M${place(each).join(" ")}h0`).join("");
  const [x, y] = place(point);
  const isRight = x > width * 0.7;
  const axis = (at) => t(`inside.component.${at}`, { share: percent(variance[at] / 100) });
  return svgElement(
    "svg",
    { class: "scatter", role: "img", "aria-label": label(point, points, sentences), viewBox: `0 0 ${width} ${height}` },
    svgElement("path", { class: "scatter-dots", d: dots }),
    svgElement("path", { class: "scatter-cross", d: `M${x} 0V${height}M0 ${y}H${width}` }),
    svgElement("circle", { class: "scatter-halo", cx: x, cy: y, r: 9 }),
    svgElement("circle", { class: "scatter-point", cx: x, cy: y, r: 5 }),
    svgElement(
      "text",
      { class: "scatter-name", x: x + (isRight ? -14 : 14), y: y - 10, "text-anchor": isRight ? "end" : "start" },
      t("inside.here"),
    ),
    svgElement("text", { class: "scatter-axis", x: width - 8, y: height - 8, "text-anchor": "end" }, `${axis(0)} →`),
    svgElement("text", { class: "scatter-axis", transform: `translate(16 ${height - 8}) rotate(-90)` }, `${axis(1)} →`),
  );
}

/** Where the text lies, for who does not see it: how many of the sentences lie nearer to the middle of all. */
function label([x, y], points, sentences) {
  const middle = points.reduce(([a, b], [c, d]) => [a + c / points.length, b + d / points.length], [0, 0]);
  const far = (a, b) => Math.hypot(a - middle[0], b - middle[1]);
  const nearer = points.filter((each) => far(...each) < far(x, y)).length;
  return t("inside.scatter", {
    count: points.length,
    sentences,
    share: percent(points.length ? nearer / points.length : 0),
  });
}
