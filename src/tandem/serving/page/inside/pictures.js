/** The states or gates of a layer as heat maps: units as rows, and what was read as columns. */

import { element } from "../dom.js";
import { heatMap } from "../heat_map.js";
import { mostChanged, transposed } from "../heat_scale.js";
import { saveButtons } from "../parts/save_buttons.js";
import { t } from "../texts.js";
import { shownToken } from "../tokens.js";

const COUNT = 32;
const SIGNED = ["hidden", "cell", "candidate"];

/**
 * Return the units to show, in order: all of them by their numbers, or those that changed most.
 *
 * @param {number[][]} units `[H][T]`
 * @param {boolean} isAll
 * @returns {number[]}
 */
export function shownUnits(units, isAll) {
  return isAll ? units.map((_, unit) => unit) : mostChanged(units, COUNT);
}

/**
 * Return a card for each direction of the layer.
 *
 * @param {{tokens: string[], values: number[][], backward?: number[][]}} answer of /v1/inside
 * @param {{what: string, side: string, isAll: boolean, room: number}} wish room: the pixels that there are from side to side
 * @returns {HTMLElement[]}
 */
export function pictures({ tokens, values, backward }, { what, side, isAll, room }) {
  const directions = backward
    ? [
        ["forward", values],
        ["backward", backward],
      ]
    : [["only", values]];
  const isSigned = SIGNED.includes(what);
  return directions.map(([direction, steps]) => {
    const units = transposed(steps);
    const shown = shownUnits(units, isAll);
    const title = [t(`inside.what.${what}`), direction !== "only" && t(`inside.${direction}`)]
      .filter(Boolean)
      .join(", ");
    const map = heatMap({
      rows: shown.map(String),
      columns: tokens.map(shownToken),
      values: shown.map((unit) => units[unit]),
      signed: isSigned,
      label: t("inside.map", { what: title, count: shown.length, units: units.length, tokens: tokens.length }),
      bound: isSigned ? undefined : 1,
      // Beside the cells there are the edges of the card, the labels and, where there is room for two, the other card.
      room: (backward && room > 1080 ? room / 2 : room) - 100,
      rowName: (row) => t("inside.unit", { unit: String(shown[row]) }),
    });
    const save = saveButtons({
      name: `tandem-${side}-${what}${direction === "only" ? "" : `-${direction}`}`,
      picture: () => map.querySelector("svg"),
      table: () => [
        ["step", "token", ...units.map((_, unit) => `unit ${unit}`)],
        ...steps.map((row, at) => [at, tokens[at], ...row]),
      ],
    });
    return element(
      "section",
      { class: "card padded", "aria-label": title },
      element("div", { class: "chart-head" }, element("h2", {}, title), save),
      map,
    );
  });
}
