/** Translating as you type. */

import { element } from "../dom.js";

/** @type {import("../views.js").View} */
export const view = {
  id: "translate",
  title: "view.translate",
  needs: "models",
  mount(container, { t }) {
    container.append(element("h1", {}, t("view.translate")));
    return () => {};
  },
};
