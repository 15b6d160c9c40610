/** A choice of which one is seen at a time. */

import { element } from "../dom.js";

/**
 * Return a row of choices of which one is on, as radio buttons that look like one control.
 *
 * @param {string} label
 * @param {[string, string][]} entries values and what is shown
 * @param {string} chosen
 * @param {(value: string) => void} use
 */
export function segments(label, entries, chosen, use) {
  const name = `segments-${label}`;
  const choices = entries.map(([value, text]) =>
    element(
      "label",
      {},
      element("input", { type: "radio", name, value, checked: value === chosen, onchange: () => use(value) }),
      element("span", {}, text),
    ),
  );
  return element("span", { class: "segments", role: "radiogroup", "aria-label": label }, ...choices);
}
