/** Errors, in a sentence, where they happened. */

import { ApiError } from "../api.js";
import { element } from "../dom.js";
import { t } from "../texts.js";

/**
 * Return a paragraph that says what went wrong.
 *
 * @param {unknown} error
 * @param {() => void} [again] what the button "Try again" does, where there is one
 */
export function problem(error, again) {
  const button = again && element("button", { type: "button", onclick: again }, t("error.again"));
  return element("p", { class: "problem", role: "alert" }, sentence(error), button);
}

/**
 * Return what went wrong as a sentence.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function sentence(error) {
  if (!(error instanceof ApiError)) return t("error.page", { message: error?.message ?? String(error) });
  const { status, code, message } = error;
  if (code === "unreachable") return t("error.unreachable");
  if (status === 401) return t("error.token");
  if (status === 404 || status === 405) return message ? t("error.server", { message }) : t("error.missing");
  if (status === 429 || status === 503) return message ? t("error.server", { message }) : t("error.busy");
  if (message) return t("error.server", { message });
  return t(code === "not_json" ? "error.not_json" : "error.unknown", { status });
}
