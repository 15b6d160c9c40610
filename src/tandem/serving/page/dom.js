/** Elements made by script. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Return a new HTML element with these attributes and children.
 *
 * A function is a listener of the event that its name tells (`onclick`). `undefined`, `null` and `false` leave an
 * attribute out, and `true` is the empty attribute. Children that are `null`, `undefined` or `false` are left out.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node|string|number|null|undefined|false)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * Return a new SVG element, as `element` does for HTML.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node|string|number|null|undefined|false)} children
 * @returns {SVGElement}
 */
export function svgElement(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked")
      made[name] = value; // the state, not what it is reset to
    else if (value === true) made.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/**
 * Return what calls `act` once nothing has called it for `pause` milliseconds; `.cancel()` forgets a call that waits.
 *
 * @template {unknown[]} A
 * @param {(...values: A) => void} act
 * @param {number} pause
 */
export function debounced(act, pause) {
  let timer;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), pause);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
