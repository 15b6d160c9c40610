/** Which source word moved which target word, told in three ways. */

import { wholeNumber } from "../address.js";
import { latest } from "../api.js";
import { debounced, element } from "../dom.js";
import { chosenModel, modelField, textBox } from "../parts/fields.js";
import { problem } from "../parts/problem.js";
import { saveButtons } from "../parts/save_buttons.js";
import { sourceLine } from "../parts/source_line.js";
import { segments } from "../parts/tabs.js";
import { linesPicture, matrixPicture, sentence } from "../parts/word_pictures.js";
import { shownToken } from "../tokens.js";
import { matrixRows } from "../word_links.js";

const PAUSE = 300; // milliseconds without a key before it is computed
const [NARROWEST, GAP, PADDING] = [384, 16, 36]; // pixels of a card, as in words.css
const METHODS = ["gradient", "left_out", "attention"];
const PICTURES = { matrix: matrixPicture, lines: linesPicture };

/** @type {import("../views.js").View} */
export const view = { id: "words", title: "view.words", needs: "models", mount };

function mount(container, context) {
  const { parameters, setParameters, api, t } = context;
  const request = latest();
  const soon = debounced(ask, PAUSE);
  const stage = element("div", { class: "stage" });
  let answer = null;

  const source = sourceLine(context, (wasTyped) => {
    setTarget("");
    if (wasTyped) soon();
    else ask();
  });
  const target = textBox({
    value: parameters.get("target") ?? "",
    label: t("words.target"),
    onInput: (text) => {
      setTarget(text);
      soon();
    },
  });
  const back = element("button", { type: "button", class: "quiet", onclick: backToModel }, t("words.back"));
  container.append(
    element("h1", {}, t("view.words")),
    element("p", { class: "lead" }, t("words.lead")),
    element(
      "div",
      { class: "asked" },
      element("div", {}, element("h2", {}, t("part.source")), source.node),
      element(
        "div",
        {},
        element("h2", {}, t("words.target")),
        target,
        element("p", { class: "note" }, t("words.target.note"), " ", back),
      ),
    ),
    controls(context, ask, show),
    stage,
  );
  back.hidden = !parameters.get("target");
  ask();

  function setTarget(text) {
    if (!text) target.value = "";
    setParameters({ target: text, at: null });
    back.hidden = !text;
  }

  function backToModel() {
    setTarget("");
    ask();
    target.focus();
  }

  function ask() {
    soon.cancel();
    const text = source.line();
    const wanted = parameters.get("target");
    if (!text) {
      request.stop();
      stage.replaceChildren(element("p", { class: "lead" }, t("words.nothing")));
      return;
    }
    stage.setAttribute("aria-busy", "true");
    request.run(
      (signal) =>
        api.post(
          "v1/saliency",
          { text, ...(wanted && { target: wanted }), model: chosenModel(context).name },
          { signal },
        ),
      (found) => {
        answer = found;
        stage.removeAttribute("aria-busy");
        target.placeholder = found.text;
        if (!parameters.get("target")) target.value = found.text;
        show();
      },
      (error) => {
        answer = null;
        stage.removeAttribute("aria-busy");
        stage.replaceChildren(problem(error, ask));
      },
    );
  }

  function show() {
    if (answer) stage.replaceChildren(...pictures(answer, context, stage.clientWidth));
  }

  const fit = debounced(show, PAUSE);
  window.addEventListener("resize", fit);
  return () => {
    soon.cancel();
    request.stop();
    fit.cancel();
    window.removeEventListener("resize", fit);
  };
}

function controls(context, ask, show) {
  const { parameters, setParameters, t } = context;
  const one = (name, otherwise) => (value) => {
    setParameters({ [name]: value === otherwise ? null : value });
    show();
  };
  const shown = chosen(parameters, "show", ["all", ...METHODS]);
  const form = chosen(parameters, "as", Object.keys(PICTURES));
  return element(
    "div",
    { class: "options", role: "group", "aria-label": t("words.options") },
    modelField(context, ask),
    segments(
      t("words.show"),
      ["all", ...METHODS].map((each) => [each, t(`words.${each}`)]),
      shown,
      one("show", "all"),
    ),
    segments(
      t("words.as"),
      Object.keys(PICTURES).map((each) => [each, t(`words.as.${each}`)]),
      form,
      one("as", "matrix"),
    ),
  );
}

function chosen(parameters, name, values) {
  const value = parameters.get(name);
  return values.includes(value) ? value : values[0];
}

/** The pictures of an answer. A word that is pointed at in one is marked in all of them. */
function pictures(answer, { parameters, setParameters, t }, width) {
  const sources = answer.source_tokens.map(shownToken);
  const targets = answer.target_tokens.map((token) => (token === "<eos>" ? t("part.end") : shownToken(token)));
  const shown = chosen(parameters, "show", ["all", ...METHODS]);
  const make = PICTURES[chosen(parameters, "as", Object.keys(PICTURES))];
  const methods = METHODS.filter((each) => shown === "all" || shown === each);
  const across = Math.max(1, Math.min(methods.length, Math.floor((width + GAP) / (NARROWEST + GAP))));
  const room = (width - GAP * (across - 1)) / across - PADDING;
  let pinned = wholeNumber(parameters, "at", { least: 0, most: targets.length - 1, otherwise: null });

  const figures = methods.map((method) => {
    const matrix = answer[method];
    const note = element("p", { class: "note" }, t(`words.${method}.note`));
    const title = element("h2", {}, t(`words.${method}`));
    if (!matrix) {
      const missing = element("p", { class: "missing" }, t(`words.missing.${method}`));
      return { node: element("section", { class: "method card" }, title, note, missing), mark: () => {} };
    }
    const digits = 2;
    const picture = make({
      sources,
      targets,
      matrix,
      label: `${t(`words.${method}`)}. ${t("words.keys")}`,
      digits,
      room,
    });
    const told = element("p", { class: "told" });
    listen(picture.svg);
    const buttons = saveButtons({
      name: `words-${method}`,
      picture: () => picture.svg,
      table: () => matrixRows(sources, targets, matrix),
    });
    const mark = (target) => {
      picture.mark(target);
      told.textContent = target === null ? t("words.hint") : sentence(targets[target], sources, matrix[target], digits);
    };
    const frame = element("div", { class: "scrolled" }, picture.svg);
    return {
      node: element(
        "section",
        { class: "method card" },
        element("div", { class: "top-row" }, title, buttons),
        note,
        frame,
        told,
      ),
      mark,
    };
  });

  function mark(target) {
    for (const figure of figures) figure.mark(target);
  }

  function listen(svg) {
    const groups = [...svg.querySelectorAll(".target")];
    const placeOf = ({ target }) => {
      const group = target.closest?.(".target");
      return group ? Number(group.dataset.target) : null;
    };
    svg.addEventListener("pointerover", (event) => mark(placeOf(event) ?? pinned));
    svg.addEventListener("pointerleave", () => mark(pinned));
    svg.addEventListener("focusin", (event) => mark(placeOf(event) ?? pinned));
    svg.addEventListener("focusout", () => mark(pinned));
    svg.addEventListener("click", (event) => pin(placeOf(event)));
    svg.addEventListener("keydown", (event) => {
      const place = placeOf(event);
      if (place === null) return;
      const last = groups.length - 1;
      const moves = { ArrowDown: Math.min(last, place + 1), ArrowUp: Math.max(0, place - 1), Home: 0, End: last };
      if (event.key in moves) focus(groups, moves[event.key]);
      else if (event.key === "Enter" || event.key === " ") pin(place);
      else return;
      event.preventDefault();
    });
  }

  function focus(groups, place) {
    groups.forEach((group, other) => group.setAttribute("tabindex", other === place ? "0" : "-1"));
    groups[place].focus();
  }

  function pin(target) {
    pinned = target === pinned ? null : target;
    setParameters({ at: pinned });
    mark(pinned);
  }

  mark(pinned);
  return [element("div", { class: "methods" }, ...figures.map(({ node }) => node))];
}
