/** The colours of the page for what is drawn on a canvas, which does not know CSS. */

import { element } from "../dom.js";

/** How many runs look different: by their colour, and by the dashes of their lines. */
export const STYLES = 6;

const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [14, 5]];

/** Return the dashes of a run's lines in pixels. */
export function dashes(style) {
  return DASHES[style % STYLES];
}

/** Return the name of the colour of a run's lines. */
export function runColour(style) {
  return `--run-${style % STYLES}`;
}

/**
 * Return what a colour of the style sheet is at the moment, such as "rgb(36, 87, 166)".
 *
 * @param {string} name of a custom property
 */
export function colour(name) {
  const probe = element("span", { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/**
 * Call `act` whenever the page turns light or dark.
 *
 * @param {() => void} act
 * @returns {() => void} ends that
 */
export function onColours(act) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(act);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", act);
  return () => {
    chosen.disconnect();
    system.removeEventListener("change", act);
  };
}
