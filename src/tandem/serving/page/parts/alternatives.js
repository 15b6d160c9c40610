/** What else the model could have written at a place: a list to choose from, under a word. */

import { latest } from "../api.js";
import { element } from "../dom.js";
import { percent, t } from "../texts.js";
import { shownToken } from "../tokens.js";
import { problem } from "./problem.js";

const COUNT = 10;

/**
 * Return the list. It is one element, which is moved to the word that it is opened at.
 *
 * @param {ReturnType<typeof import("../api.js").createApi>} api
 * @returns {{open: (anchor: HTMLElement, ask: {text: string, tokens: string[], place: number, model: string},
 *   choose: (prefix: string) => void) => void, close: () => void, node: HTMLElement}}
 */
export function alternativesList(api) {
  const request = latest();
  const node = element("div", { class: "alternatives", popover: "auto", ontoggle: onToggle });
  let owner = null;

  function onToggle({ newState }) {
    owner?.setAttribute("aria-expanded", String(newState === "open"));
    if (newState !== "open") request.stop();
  }

  function open(anchor, ask, choose) {
    close();
    owner = anchor;
    const word = [...ask.tokens, null][ask.place];
    const title = word === null ? t("alternatives.end") : t("alternatives.title", { word: shownToken(word) });
    const heading = element("p", { class: "note", id: "alternatives-title" }, title);
    node.replaceChildren(heading, element("p", { class: "note", role: "status" }, t("part.working")));
    node.showPopover();
    place(anchor);
    request.run(
      (signal) => api.post("v1/alternatives", { ...ask, count: COUNT }, { signal }),
      (answer) => {
        const list = listbox(answer, (prefix) => {
          close();
          choose(prefix);
        });
        node.replaceChildren(heading, list, element("p", { class: "note" }, t("alternatives.note")));
        place(anchor);
        list.focus({ preventScroll: true });
      },
      (error) => node.replaceChildren(heading, problem(error)),
    );
  }

  /** Below the word, or above it where there is no room. */
  function place(anchor) {
    const word = anchor.getBoundingClientRect();
    const { width, height } = node.getBoundingClientRect();
    const left = Math.max(8, Math.min(word.left, document.documentElement.clientWidth - width - 8));
    const isBelow = word.bottom + height + 8 < innerHeight || word.top < height + 8;
    node.style.left = `${left + scrollX}px`;
    node.style.top = `${(isBelow ? word.bottom + 6 : word.top - height - 6) + scrollY}px`;
  }

  function close() {
    if (node.matches(":popover-open")) node.hidePopover();
  }

  return { open, close, node };
}

function listbox({ token, alternatives }, choose) {
  const rows = alternatives.map((each, place) => option(each, place, each.token === token));
  const list = element(
    "div",
    { role: "listbox", tabindex: "0", "aria-labelledby": "alternatives-title", onkeydown: press },
    ...rows,
  );
  let active = Math.max(
    0,
    alternatives.findIndex((each) => each.token === token),
  );
  activate(active);
  rows.forEach((row, place) => {
    row.addEventListener("pointermove", () => activate(place));
    row.addEventListener("click", () => use(place));
  });

  function activate(place) {
    rows[active]?.classList.remove("active");
    active = place;
    rows[active]?.classList.add("active");
    list.setAttribute("aria-activedescendant", rows[active]?.id ?? "");
    rows[active]?.scrollIntoView?.({ block: "nearest" });
  }

  function use(place) {
    const { prefix } = alternatives[place];
    if (prefix) choose(prefix);
  }

  function press(event) {
    const last = rows.length - 1;
    const moves = { ArrowDown: Math.min(last, active + 1), ArrowUp: Math.max(0, active - 1), Home: 0, End: last };
    if (event.key in moves) activate(moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") use(active);
    else return;
    event.preventDefault();
  }

  return list;
}

function option({ token, log_probability: score, prefix }, place, isPresent) {
  const share = score === null ? null : Math.exp(score);
  const name = token === "<eos>" ? t("part.end") : shownToken(token);
  const bar = element("span", { class: "bar" });
  bar.style.setProperty("--share", share ?? 0);
  return element(
    "div",
    {
      id: `alternative-${place}`,
      role: "option",
      "aria-selected": String(isPresent),
      "aria-disabled": !prefix && "true",
      title: !prefix && t("alternatives.fixed"),
    },
    element("span", { class: token === "<eos>" ? "token special" : "token", dir: "auto" }, name),
    bar,
    element("span", { class: "figure" }, percent(share)),
  );
}
