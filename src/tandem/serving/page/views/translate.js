/** Translating as you type. */

import { wholeNumber } from "../address.js";
import { latest } from "../api.js";
import { debounced, element } from "../dom.js";
import { alternativesList } from "../parts/alternatives.js";
import { chosenModel, field, modelField, select, textBox } from "../parts/fields.js";
import { problem } from "../parts/problem.js";
import { translationLine } from "../parts/translation_line.js";
import { createTranslations } from "../parts/translations.js";
import { markUnknown } from "../tokens.js";

const PAUSE = 150; // milliseconds without a key before a translation is asked for
const LATE = 250; // milliseconds until what is shown is marked as old
const BEAMS = [1, 2, 3, 5, 8, 10];
const COUNTS = [1, 2, 3, 5, 10];
const LINE_END = /\r\n|\r|\n/;
const PREFIX = /^prefix(\d+)$/;

/** @type {import("../views.js").View} */
export const view = { id: "translate", title: "view.translate", needs: "models", mount };

function mount(container, context) {
  const { parameters, setParameters, api, t } = context;
  const request = latest();
  const translations = createTranslations(api);
  const list = alternativesList(api);
  const forced = readForced(parameters);
  let shown = [];
  let late;

  const box = textBox({ value: parameters.get("text") ?? "", label: t("part.source"), rows: 6, onInput });
  const marks = element("div", { class: "marks", "aria-hidden": "true" });
  const notes = element("p", { class: "note", role: "status" });
  const output = element("div", { class: "output card", role: "region", "aria-label": t("view.translate.output") });
  const said = element("p", { class: "unseen", role: "status", "aria-live": "polite" });
  const time = element("span", { class: "note" });
  const soon = debounced(translate, PAUSE);

  container.append(
    element("h1", { class: "unseen" }, t("view.translate")),
    element("div", { class: "pair" }, element("div", { class: "marked" }, marks, box), output),
    said,
    notes,
    controls(context, { translate, showSure, time }),
    list.node,
  );
  showSure();
  mark([]);
  translate();
  box.focus({ preventScroll: true });

  function onInput(text) {
    moveForced(forced, text.split(LINE_END));
    setParameters({ text, ...forcedParameters(parameters, forced) });
    mark([]);
    soon();
  }

  function translate() {
    soon.cancel();
    list.close();
    const lines = box.value.split(LINE_END);
    const wishes = lines.map((text, place) => ({ text, prefix: forced.get(place)?.prefix ?? "" }));
    const began = performance.now();
    clearTimeout(late);
    late = setTimeout(() => output.setAttribute("aria-busy", "true"), LATE);
    request.run(
      (signal) => translations.translate(wishes, optionsOf(context), signal),
      ({ results, isNew }) => {
        upToDate();
        show(wishes, results);
        if (isNew) time.textContent = t("translate.time", { count: Math.round(performance.now() - began) });
      },
      (error) => {
        upToDate();
        shown = [];
        output.replaceChildren(problem(error, translate));
      },
    );
  }

  function upToDate() {
    clearTimeout(late);
    output.removeAttribute("aria-busy");
  }

  /** Lines whose translation is the same as before keep their elements, so that nothing flickers and a focus stays. */
  function show(wishes, results) {
    const before = shown;
    shown = results.map((result, line) => {
      const old = before[line];
      if (old && old.result === result && old.prefix === wishes[line].prefix) return old;
      const { prefix } = wishes[line];
      const node = translationLine(result, {
        prefix,
        onWord: (place, word) => ask(line, result, place, word),
        onRelease: () => release(line),
      });
      return { result, prefix, node };
    });
    const hasText = results.some((result) => result !== null);
    const nodes = hasText ? shown.map(({ node }) => node) : [element("p", { class: "hint" }, t("translate.nothing"))];
    const isSame =
      nodes.length === output.children.length && nodes.every((node, place) => node === output.children[place]);
    if (!isSame) output.replaceChildren(...nodes);
    const found = results.filter((result) => result && !result.error);
    const unknown = [...new Set(found.flatMap((result) => result.unknown ?? []))];
    mark(unknown);
    notes.textContent = unknown.length ? t("translate.unknown", { words: unknown.join(", ") }) : "";
    said.textContent = found.map(({ text }) => text).join("\n");
  }

  function ask(line, result, place, word) {
    const wish = { text: result.source, tokens: result.tokens, place, model: chosenModel(context).name };
    list.open(word, wish, (prefix) => force(line, result.source, prefix, place));
  }

  function force(line, source, prefix, place) {
    forced.set(line, { source, prefix });
    setParameters(forcedParameters(parameters, forced));
    refocus(line, place);
  }

  function release(line) {
    forced.delete(line);
    setParameters(forcedParameters(parameters, forced));
    refocus(line, 0);
  }

  /** Translate, and give the focus back to the word whose element is replaced by that. */
  function refocus(line, place) {
    const old = shown[line]?.node;
    const observer = new MutationObserver(() => {
      if (shown[line]?.node === old) return;
      observer.disconnect();
      const words = shown[line]?.node.querySelectorAll(".word") ?? [];
      words[Math.min(place, words.length - 1)]?.focus({ preventScroll: true });
    });
    observer.observe(output, { childList: true });
    translate();
  }

  function mark(unknown) {
    const parts = markUnknown(box.value, unknown);
    marks.replaceChildren(...parts.map(({ text, isUnknown }) => (isUnknown ? element("mark", {}, text) : text)), "\n");
  }

  function showSure() {
    output.classList.toggle("shows-sure", parameters.get("sure") === "1");
  }

  return () => {
    soon.cancel();
    request.stop();
    clearTimeout(late);
    list.close();
  };
}

function controls(context, { translate, showSure, time }) {
  const { parameters, setParameters, t } = context;
  const change = (name, otherwise) => (value) => {
    setParameters({ [name]: value === String(otherwise) ? null : value });
    translate();
  };
  const { beam: usual } = chosenModel(context);
  const { beam, n_best: count } = optionsOf(context);
  const beams = [...new Set([...BEAMS, usual, beam])].sort((one, other) => one - other);
  const counts = [...new Set([...COUNTS, count])].sort((one, other) => one - other);
  const penalty = element("input", {
    type: "number",
    min: 0,
    max: 5,
    step: 0.1,
    class: "short",
    placeholder: t("translate.penalty.usual"),
    value: parameters.get("penalty") ?? "",
    onchange: ({ target }) => target.checkValidity() && change("penalty", "")(target.value),
  });
  const sure = element("input", {
    type: "checkbox",
    checked: parameters.get("sure") === "1",
    onchange: ({ target }) => {
      setParameters({ sure: target.checked ? "1" : null });
      showSure();
    },
  });
  return element(
    "div",
    { class: "options", role: "group", "aria-label": t("translate.options") },
    modelField(context, translate),
    field(
      t("part.beam"),
      select(
        beams.map((each) => [each, each === 1 ? t("part.beam.greedy") : each]),
        beam,
        change("beam", usual),
      ),
    ),
    field(
      t("translate.count"),
      select(
        counts.map((each) => [each, each]),
        count,
        change("n", 1),
      ),
    ),
    field(t("translate.penalty"), penalty),
    element("span", { class: "field check" }, sure, element("label", { for: (sure.id = "sure") }, t("translate.sure"))),
    element("span", { class: "end" }, time),
  );
}

function optionsOf(context) {
  const { parameters } = context;
  const model = chosenModel(context);
  const count = wholeNumber(parameters, "n", { least: 1, most: 10_000, otherwise: 1 });
  const beam = wholeNumber(parameters, "beam", { least: 1, most: 10_000, otherwise: model.beam });
  const penalty = parseFloat(parameters.get("penalty") ?? "");
  const options = { model: model.name, beam: Math.max(beam, count), n_best: count };
  return Number.isFinite(penalty) ? { ...options, length_penalty: penalty } : options;
}

/** What the translations of lines have to begin with; by the number of the line. */
function readForced(parameters) {
  const lines = (parameters.get("text") ?? "").split(LINE_END);
  const entries = [...parameters].flatMap(([name, prefix]) => {
    const line = Number(PREFIX.exec(name)?.[1] ?? NaN);
    return line < lines.length ? [[line, { source: lines[line], prefix }]] : [];
  });
  return new Map(entries);
}

/** A forced beginning goes along with its line, and ends when that line is changed. */
function moveForced(forced, lines) {
  const before = [...forced];
  forced.clear();
  for (const [line, { source, prefix }] of before) {
    const place = lines[line] === source ? line : lines.indexOf(source);
    if (place >= 0 && source.trim()) forced.set(place, { source, prefix });
  }
}

function forcedParameters(parameters, forced) {
  const old = [...parameters.keys()].filter((name) => PREFIX.test(name)).map((name) => [name, null]);
  return Object.fromEntries([...old, ...[...forced].map(([line, { prefix }]) => [`prefix${line}`, prefix])]);
}
