/** Asking for the token. */

import { element } from "../dom.js";
import { t } from "../texts.js";

/**
 * Show a dialog that asks for the server's token.
 *
 * @param {boolean} wasRefused whether a token was given before
 * @returns {Promise<string|null>} null: none was given
 */
export function askToken(wasRefused) {
  return new Promise((resolve) => {
    const input = element("input", { id: "token", type: "password", autocomplete: "current-password", required: true });
    const cancel = element("button", { type: "button", onclick: () => dialog.close() }, t("token.cancel"));
    const form = element(
      "form",
      { onsubmit: use },
      element("h2", { id: "token-title" }, t("token.title")),
      wasRefused && element("p", { class: "problem", role: "alert" }, t("token.refused")),
      element("label", { for: "token" }, t("token.label")),
      input,
      element("p", { class: "note" }, t("token.note")),
      element("p", { class: "buttons" }, cancel, element("button", { class: "main" }, t("token.use"))),
    );
    const dialog = element("dialog", { class: "dialog", "aria-labelledby": "token-title", onclose: end }, form);
    let given = null;

    function use(event) {
      event.preventDefault();
      given = input.value.trim() || null;
      dialog.close();
    }

    function end() {
      dialog.remove();
      resolve(given);
    }

    document.body.append(dialog);
    dialog.showModal();
  });
}
