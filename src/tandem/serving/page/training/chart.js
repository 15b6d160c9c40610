/** One chart of curves: drawn by uPlot, with a legend that tells the values where the cursor is. */

import { element, svgElement } from "../dom.js";
import { saveButtons } from "../parts/save_buttons.js";
import { t } from "../texts.js";
import uPlot from "../vendor/uPlot.esm.js";
import { colour, dashes, runColour } from "./colours.js";
import { joined, rangeOf, valueAt } from "./curves.js";
import { clock, figure, tick } from "./format.js";
import { picture } from "./picture.js";

const FONT = "12px system-ui, sans-serif";

/**
 * Return a chart; all charts of the page have one cursor and one part of the axis that is zoomed in on.
 *
 * @param {{id: string, height: number}} options
 * @returns {{element: HTMLElement, show: (lines: import("./curves.js").Line[], look: Look) => void, redraw: () => void, end: () => void}}
 *
 * @typedef {{title: string, axis: "steps"|"epochs"|"time", axisTitle: string, isLog: boolean, extent: number[]}} Look
 *   extent: the first and the last place of all charts, which then begin and end alike
 */
export function chart({ id, height }) {
  const heading = element("h3", { id: `curve-${id}` });
  const plotted = element("div", { class: "plot", role: "img", tabindex: 0 });
  const legend = element("ul", { class: "curve-legend" });
  const spoken = element("p", { class: "unseen", role: "status" });
  const drawing = element("div", { hidden: true });
  const state = { lines: [], look: null, plot: null, kind: "" };
  const save = saveButtons({
    name: `tandem-${id}`,
    picture: () => {
      const made = picture({ ...state, shown: state.plot.scales });
      drawing.replaceChildren(made); // outside a document it would have no styles to save
      setTimeout(() => drawing.replaceChildren());
      return made;
    },
    table: () => [[state.look.axisTitle, ...state.lines.map(({ label }) => label)], ...rowsOf(state.lines)],
  });
  const card = element(
    "section",
    { class: "card chart", "aria-labelledby": heading.id, "data-curve": id },
    element("div", { class: "chart-head" }, heading, save),
    plotted,
    legend,
    spoken,
    drawing,
  );

  function show(lines, look) {
    Object.assign(state, { lines, look });
    heading.textContent = look.title;
    plotted.setAttribute("aria-label", summary(lines, look));
    save.hidden = !lines.length;
    const kind = JSON.stringify([lines.map(({ label, style }) => [label, style]), { ...look, extent: null }]);
    if (kind === state.kind && state.plot) renew(state.plot, joined(lines, look.extent));
    else build();
    state.kind = kind;
    tell(state.plot);
  }

  function build() {
    state.plot?.destroy();
    plotted.replaceChildren();
    legend.replaceChildren(...state.lines.map(entry));
    const width = plotted.clientWidth || 300;
    state.plot = new uPlot(options(state, { width, height, tell }), joined(state.lines, state.look.extent), plotted);
  }

  /** Write the values at the cursor into the legend, or the last ones. */
  function tell(plot) {
    if (!plot || legend.children.length !== state.lines.length) return "";
    const place = plot.cursor.idx == null ? null : plot.data[0][plot.cursor.idx];
    const told = state.lines.map((line, at) => {
      const value = figure(place === null ? (rangeOf(line)?.last ?? null) : valueAt(line, place));
      legend.children[at].lastChild.textContent = value;
      return `${line.label} ${value}`;
    });
    return place === null ? "" : `${state.look.axisTitle} ${placeText(state.look.axis, place)}: ${told.join(", ")}`;
  }

  plotted.addEventListener("keydown", (event) => {
    const { plot } = state;
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || !plot?.data[0].length) return;
    event.preventDefault();
    const last = plot.data[0].length - 1;
    const at = Math.max(
      0,
      Math.min(last, (plot.cursor.idx ?? (steps[event.key] > 0 ? -1 : last + 1)) + steps[event.key]),
    );
    plot.setCursor({ left: plot.valToPos(plot.data[0][at], "x"), top: plot.over.clientHeight / 2 }, true, true);
    spoken.textContent = tell(plot);
  });
  const sized = new ResizeObserver(() => {
    const width = plotted.clientWidth;
    if (width && state.plot && width !== state.plot.width) state.plot.setSize({ width, height });
  });
  sized.observe(plotted);

  return {
    element: card,
    show,
    redraw: () => state.plot && build(),
    end: () => {
      sized.disconnect();
      state.plot?.destroy();
    },
  };
}

function options({ lines, look }, { width, height, tell }) {
  const [ink, grid] = [colour("--soft"), colour("--line")];
  const axis = { stroke: ink, font: FONT, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  return {
    ...{ width, height, legend: { show: false }, padding: [8, 12, 0, 0] },
    scales: { x: { time: false }, y: { distr: look.isLog ? 3 : 1 } },
    axes: [
      {
        ...axis,
        size: 30,
        space: 70,
        incrs: look.axis === "time" ? [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400] : undefined,
        values: (_, all) => all.map((each) => placeText(look.axis, each)),
      },
      { ...axis, size: 56, values: (_, all) => all.map((each) => (each === null ? "" : tick(each))) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(runColour(line.style)),
        width: line.dots ? 2 : 1.25,
        dash: dashes(line.style),
        spanGaps: true,
        points: { show: line.dots, size: 7, fill: colour(runColour(line.style)) },
      })),
    ],
    cursor: {
      sync: { key: "training" },
      y: false,
      drag: { x: true, y: false },
      points: { size: 7 },
      focus: { prox: 30 },
    },
    hooks: { setCursor: [tell] },
  };
}

/** Show new values; a part of the axis that was chosen stays as it is. */
function renew(plot, data) {
  const stays = isZoomed(plot);
  plot.setData(data, !stays);
  if (stays) plot.redraw();
}

/** Whether a part of the axis was chosen with the pointer. */
function isZoomed(plot) {
  const all = plot.data[0];
  const { min, max } = plot.scales.x;
  return all.length > 1 && (min > all[0] || max < all.at(-1));
}

function placeText(axis, place) {
  return axis === "time" ? clock(place) : tick(place);
}

function entry({ label, style, dots }) {
  const swatch = svgElement(
    "svg",
    { class: `swatch run-${style % 6}`, viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" },
    svgElement("line", {
      x1: 0,
      x2: 28,
      y1: 5,
      y2: 5,
      "stroke-width": dots ? 2.25 : 1.5,
      "stroke-dasharray": dashes(style).join(" ") || null,
    }),
    dots && svgElement("circle", { cx: 14, cy: 5, r: 3.5 }),
  );
  return element(
    "li",
    {},
    swatch,
    element("span", { class: "curve-name" }, label),
    element("output", { class: "curve-value", "aria-live": "off" }),
  );
}

function summary(lines, { title }) {
  const sentences = lines.map((line) => {
    const range = rangeOf(line);
    if (!range) return t("training.curve.empty", { label: line.label });
    const values = Object.fromEntries(Object.entries(range).map(([key, value]) => [key, figure(value)]));
    return t("training.curve.summary", { label: line.label, ...values });
  });
  return `${title}. ${sentences.join(" ")} ${t("training.curve.keys")}`;
}

function rowsOf(lines) {
  const [places, ...values] = joined(lines);
  return places.map((place, at) => [place, ...values.map((each) => each[at])]);
}
