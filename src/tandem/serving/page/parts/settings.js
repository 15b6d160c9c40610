/** The language and the colours of the page. */

import { element } from "../dom.js";
import { LANGUAGES, language, setLanguage, t } from "../texts.js";

const KEY = "tandem.theme";
const THEMES = ["auto", "light", "dark"];

/** Use the colours that were chosen on an earlier visit. */
export function applyTheme() {
  const kept = localStorage.getItem(KEY);
  document.documentElement.dataset.theme = THEMES.includes(kept) ? kept : "auto";
}

/**
 * Return the controls for the language and the colours.
 *
 * @param {{onLanguage: () => void}} options called after the language has changed
 */
export function settings({ onLanguage }) {
  const languages = choice(t("shell.language"), Object.entries(LANGUAGES), language(), (chosen) => {
    setLanguage(chosen);
    onLanguage();
    document.querySelector("#settings select").focus();
  });
  const themes = THEMES.map((each) => [each, t(`shell.theme.${each}`)]);
  const colours = choice(t("shell.theme"), themes, document.documentElement.dataset.theme, (chosen) => {
    localStorage.setItem(KEY, chosen);
    applyTheme();
  });
  return [languages, colours];
}

function choice(label, entries, chosen, use) {
  const options = entries.map(([value, text]) => element("option", { value, selected: value === chosen }, text));
  return element(
    "select",
    { "aria-label": label, title: label, onchange: ({ target }) => use(target.value) },
    ...options,
  );
}
