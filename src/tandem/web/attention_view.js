/** Shows where a translation looked: the source's tokens, shaded for the token that is pointed at or has the focus. */

import { element } from "./dom.js";

/**
 * @param {import("./translator.js").Translation} translation
 * @returns {HTMLElement}
 */
export function attentionView({ sourceTokens, shown, attention }) {
  const sources = sourceTokens.slice(1, -1).map((token) => element("span", { textContent: token }));
  const targets = shown.map((text, place) => {
    const weights = attention[place].slice(1, -1);
    const most = sourceTokens[1 + weights.indexOf(Math.max(...weights))];
    const button = element("button", { type: "button", textContent: text.trim(), "aria-label": `${text} from ${most}` });
    const shade = () => sources.forEach((each, index) => each.style.setProperty("--weight", weights[index]));
    button.addEventListener("pointerenter", shade);
    button.addEventListener("focus", shade);
    return button;
  });
  targets[0]?.dispatchEvent(new Event("focus")); // shades for the first one from the start
  return element(
    "div",
    { className: "looked" },
    element("p", { className: "sources", "aria-label": "Source tokens", dir: "auto" }, ...sources),
    element("p", { className: "targets", "aria-label": "Tokens of the translation", dir: "auto" }, ...targets),
  );
}
