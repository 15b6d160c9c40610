/** A sentence with what models make of it: the parts that samples of a training and a comparison share. */

import { element } from "../dom.js";
import { t } from "../texts.js";

/** Return the line of a reference; nothing where there is none. */
export function referenceLine(reference) {
  if (reference === null) return null;
  const tag = element("span", { class: "tag" }, t("training.reference"));
  return element("p", { class: "example-reference", dir: "auto" }, tag, ` ${reference}`);
}

/** Return a text in which the pieces that differ are marked, as `differences` returns them. */
export function markedText(pieces) {
  const parts = pieces.map(({ text, same }) => (same ? text : element("mark", { class: "differs" }, text)));
  return element("p", { dir: "auto" }, ...parts);
}

/** Return an output below its heading. */
export function outputColumn(heading, output) {
  return element("div", { class: "example-output" }, element("h4", {}, ...heading), output);
}
