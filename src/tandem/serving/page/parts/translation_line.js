/** One line's translation: its words, each of which can be asked what else could stand there. */

import { element } from "../dom.js";
import { number, percent, t } from "../texts.js";
import { alignTokens, forcedCount } from "../tokens.js";

/**
 * Return a line of the output.
 *
 * @param {object|null} result a translation as /v1/translate has it, or a failed text; null for a line without text
 * @param {object} options
 * @param {string} options.prefix what it had to begin with
 * @param {(place: number, word: HTMLElement) => void} options.onWord a word, or the end, was chosen
 * @param {() => void} options.onRelease the prefix is let go
 */
export function translationLine(result, { prefix, onWord, onRelease }) {
  if (result === null) return element("div", { class: "line blank" }, "\u00a0");
  if (result.error) {
    const text = t("error.server", { message: result.error.message });
    return element("div", { class: "line" }, element("p", { class: "problem", role: "alert" }, text));
  }
  return element(
    "div",
    { class: "line" },
    words(result, prefix, onWord),
    remarks(result, prefix, onRelease),
    others(result.alternatives ?? []),
  );
}

function words(result, prefix, onWord) {
  const aligned = alignTokens(result.text, result.tokens);
  const forced = forcedCount(aligned, result.text, prefix);
  const scores = result.token_scores ?? [];
  const pieces = [];
  const buttons = aligned.map(({ before, shown }, place) => {
    const share = scores[place] === undefined || scores[place] === null ? null : Math.exp(scores[place]);
    const button = word(place < forced ? "word forced" : "word", shown, share);
    if (place < forced) button.setAttribute("aria-description", t("translate.forced"));
    pieces.push(before, button);
    return button;
  });
  const end = word("word special", "¶", null);
  end.setAttribute("aria-label", t("part.end"));
  end.title = t("translate.end");
  buttons.push(end);
  pieces.push(end);
  const group = element(
    "p",
    { class: "words", dir: "auto", role: "group", "aria-label": t("translate.words") },
    ...pieces,
  );
  rove(group, buttons, onWord);
  return group;
}

/** A span, since the text of buttons cannot be selected in every browser. */
function word(name, shown, share) {
  const attributes = {
    class: name,
    role: "button",
    tabindex: "-1",
    "aria-haspopup": "listbox",
    "aria-expanded": "false",
  };
  const made = element("span", attributes, shown);
  if (share !== null) {
    made.title = t("translate.probability", { share: percent(share) });
    made.style.setProperty("--share", share);
    if (share < 0.5) made.classList.add("unsure");
  }
  return made;
}

/** One stop of the tab key; arrow keys go from word to word. */
function rove(group, buttons, onWord) {
  buttons[0].tabIndex = 0;
  const focus = (place) => {
    buttons.forEach((each, other) => (each.tabIndex = other === place ? 0 : -1));
    buttons[place].focus();
  };
  group.addEventListener("click", ({ target }) => {
    const place = buttons.indexOf(target);
    if (place < 0 || !getSelection().isCollapsed) return; // somebody selects text
    focus(place);
    onWord(place, target);
  });
  group.addEventListener("keydown", (event) => {
    const place = buttons.indexOf(event.target);
    if (place < 0) return;
    const step = getComputedStyle(group).direction === "rtl" ? -1 : 1;
    const moves = { ArrowRight: place + step, ArrowLeft: place - step, Home: 0, End: buttons.length - 1 };
    if (event.key in moves) focus(Math.max(0, Math.min(buttons.length - 1, moves[event.key])));
    else if (["Enter", " ", "ArrowDown"].includes(event.key)) onWord(place, event.target);
    else return;
    event.preventDefault();
  });
}

function remarks(result, prefix, onRelease) {
  const parts = [];
  if (prefix) {
    const release = {
      type: "button",
      class: "chip",
      "aria-label": t("translate.release", { prefix }),
      onclick: onRelease,
    };
    parts.push(
      element("button", release, t("translate.begins", { prefix }), element("span", { "aria-hidden": "true" }, " ×")),
    );
  }
  if (typeof result.confidence === "number") {
    const sure = t("translate.confidence", { share: percent(result.confidence) });
    const meter = element("span", { class: "meter", "aria-hidden": "true" });
    meter.style.setProperty("--share", result.confidence);
    parts.push(element("span", { class: "sure", title: t("translate.confidence.note") }, meter, sure));
  }
  if (result.stopped === "limit") parts.push(element("span", { class: "warning" }, t("translate.limit")));
  return parts.length > 0 && element("div", { class: "remarks" }, ...parts);
}

function others(alternatives) {
  if (alternatives.length < 2) return null;
  const items = alternatives
    .slice(1)
    .map(({ text, score }) =>
      element(
        "li",
        {},
        element("span", { dir: "auto" }, text || "\u00a0"),
        element("span", { class: "figure", title: t("translate.score") }, number(score)),
      ),
    );
  return element("ol", { class: "others", start: 2, "aria-label": t("translate.others") }, ...items);
}
