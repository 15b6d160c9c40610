/** Labelled controls. */

import { element } from "../dom.js";
import { number, t } from "../texts.js";

let count = 0;

/**
 * Return a control with its label in front of it.
 *
 * @param {string} label
 * @param {HTMLElement} control gets an id where it has none
 */
export function field(label, control) {
  control.id ||= `field-${(count += 1)}`;
  return element("span", { class: "field" }, element("label", { for: control.id }, label), control);
}

/**
 * Return a list to choose from.
 *
 * @param {[string|number, string][]} entries values and what is shown
 * @param {string|number} chosen
 * @param {(value: string) => void} use called with what was chosen
 * @returns {HTMLSelectElement}
 */
export function select(entries, chosen, use) {
  const options = entries.map(([value, text]) =>
    element("option", { value, selected: String(value) === String(chosen) }, text),
  );
  return element("select", { onchange: ({ target }) => use(target.value) }, ...options);
}

/**
 * Return the choice of a model; nothing where there is only one.
 *
 * @param {import("../views.js").Context} context whose parameter "model" it sets
 * @param {() => void} use called after that
 */
export function modelField({ models, parameters, setParameters }, use) {
  if (models.length < 2) return null;
  const entries = models.map(({ name }) => [name, name]);
  const list = select(entries, parameters.get("model") ?? models[0].name, (name) => {
    setParameters({ model: name === models[0].name ? null : name });
    use();
  });
  return field(t("part.model"), list);
}

/**
 * Return the model that the address names, or the first.
 *
 * @param {import("../views.js").Context} context
 */
export function chosenModel({ models, parameters }) {
  return models.find(({ name }) => name === parameters.get("model")) ?? models[0];
}

/**
 * Return where a source text is written.
 *
 * @param {{value: string, label: string, rows?: number, onInput: (text: string) => void}} options
 * @returns {HTMLTextAreaElement}
 */
export function textBox({ value, label, rows = 1, onInput }) {
  return element("textarea", {
    "aria-label": label,
    placeholder: t("part.source.placeholder"),
    class: "text",
    dir: "auto",
    rows,
    spellcheck: "false",
    autocomplete: "off",
    value,
    oninput: ({ target }) => onInput(target.value),
  });
}

/**
 * Return a labelled slider that shows its value.
 *
 * @param {string} label
 * @param {{value: number, least: number, most: number, step: number, digits: number}} bounds
 * @param {(value: number) => void} use called while it moves
 */
export function rangeField(label, { value, least, most, step, digits }, use) {
  const shown = element("output", { class: "count" }, number(value, digits));
  const slider = element("input", {
    type: "range",
    min: least,
    max: most,
    step,
    value,
    oninput: ({ target }) => {
      shown.textContent = number(Number(target.value), digits);
      use(Number(target.value));
    },
  });
  slider.value = value; // which the bounds would have cut when it was set before them
  const made = field(label, slider);
  made.append(shown);
  return made;
}
