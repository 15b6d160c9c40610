/** Buttons that save a picture or a table. */

import { element } from "../dom.js";
import { savePicture, saveTable } from "../saving.js";
import { t } from "../texts.js";
import { problem } from "./problem.js";

/**
 * Return buttons that save what is shown at the moment they are pressed.
 *
 * @param {object} options
 * @param {string} options.name of the files, without their endings
 * @param {() => SVGSVGElement|HTMLCanvasElement} [options.picture] a canvas can be saved as PNG only
 * @param {boolean} [options.isCanvas]
 * @param {() => (string|number|null)[][]} [options.table] rows, the first of which names the columns
 */
export function saveButtons({ name, picture, isCanvas = false, table }) {
  const group = element("span", { class: "save", role: "group", "aria-label": t("part.save") });
  const add = (form, act) => {
    const press = () =>
      Promise.resolve()
        .then(act)
        .catch((error) => group.after(problem(error)));
    const label = t(`part.save.${form}`);
    const button = { type: "button", class: "quiet", "aria-label": label, title: label, onclick: press };
    group.append(element("button", button, form.toUpperCase()));
  };
  if (picture && !isCanvas) add("svg", () => savePicture(picture(), name, "svg"));
  if (picture) add("png", () => savePicture(picture(), name, "png"));
  if (table) add("csv", () => saveTable(table(), name));
  return group;
}
