/** The part of the address after "#": the name of a view and its state, as in `#beam?text=Ein+Hund&beam=5`. */

/** What stays the same from view to view. */
const SHARED = ["text", "model"];

/**
 * @param {string} hash with or without "#"
 * @returns {{id: string, parameters: URLSearchParams}}
 */
export function parseAddress(hash) {
  const address = hash.replace(/^#/, "");
  const mark = address.indexOf("?");
  const id = mark < 0 ? address : address.slice(0, mark);
  return { id, parameters: new URLSearchParams(mark < 0 ? "" : address.slice(mark + 1)) };
}

/**
 * @param {string} id the name of a view
 * @param {URLSearchParams} parameters
 * @returns {string} with "#"
 */
export function formatAddress(id, parameters) {
  const state = parameters.toString();
  return state ? `#${id}?${state}` : `#${id}`;
}

/**
 * Change parameters in place: `null`, `undefined` and "" take one away; those not named stay.
 *
 * @param {URLSearchParams} parameters
 * @param {Record<string, string|number|boolean|null|undefined>} changes
 */
export function changeParameters(parameters, changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") parameters.delete(name);
    else parameters.set(name, String(value));
  }
}

/**
 * Return the part of a view's state that goes along to another view.
 *
 * @param {URLSearchParams} parameters
 * @returns {URLSearchParams}
 */
export function sharedParameters(parameters) {
  return new URLSearchParams([...parameters].filter(([name]) => SHARED.includes(name)));
}

/**
 * Return a whole number of the address within bounds, or `otherwise` where there is none.
 *
 * @param {URLSearchParams} parameters
 * @param {string} name
 * @param {{least: number, most: number, otherwise: number}} bounds
 */
export function wholeNumber(parameters, name, { least, most, otherwise }) {
  const text = parameters.get(name) ?? "";
  return /^\d{1,9}$/.test(text) ? Math.min(most, Math.max(least, Number(text))) : otherwise;
}
