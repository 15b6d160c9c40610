/** A view that is an object of a class. */

/**
 * Return a view that makes an object when it is mounted, and ends it when it is left.
 *
 * @param {string} id
 * @param {"models"|"runs"} needs
 * @param {new (container: HTMLElement, context: import("../views.js").Context) => {end: () => void}} View
 * @returns {import("../views.js").View}
 */
export function classView(id, needs, View) {
  return {
    id,
    title: `view.${id}`,
    needs,
    mount(container, context) {
      const mounted = new View(container, context);
      return () => mounted.end();
    },
  };
}
