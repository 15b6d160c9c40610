/** What a run made of the same sources after each epoch, side by side. */

import { differences } from "../differences.js";
import { element } from "../dom.js";
import { markedText, outputColumn, referenceLine } from "../parts/example.js";
import { problem } from "../parts/problem.js";
import { saveButtons } from "../parts/save_buttons.js";
import { t } from "../texts.js";

/**
 * Return the epochs that are shown: those asked for that there are, or the first, one in the middle and the last.
 *
 * @param {number[]} epochs
 * @param {string|null} wished numbers with commas
 * @returns {number[]}
 */
export function shownEpochs(epochs, wished) {
  const asked = (wished ?? "").split(",").map(Number);
  const kept = epochs.filter((each) => asked.includes(each));
  if (kept.length || !epochs.length) return kept;
  return [...new Set([epochs[0], epochs[Math.floor((epochs.length - 1) / 2)], epochs.at(-1)])];
}

/** Return the shown epochs moved on by one, the outer ones staying within those that there are. */
export function stepped(epochs, shown, by) {
  const places = shown.map((each) => epochs.indexOf(each) + by);
  if (places.some((place) => place < 0 || place >= epochs.length)) return shown;
  return places.map((place) => epochs[place]);
}

/**
 * Return the part of the page that shows the samples of one run.
 *
 * @param {import("../views.js").Context} context whose parameter "epochs" is its state
 * @returns {{element: HTMLElement, load: (name: string) => Promise<void>}}
 */
export function samplesPart({ api, parameters, setParameters }) {
  const container = element("section", { class: "samples", "aria-labelledby": "samples-title" });
  let current = null;
  let wanted = 0;

  async function load(name) {
    const mine = (wanted += 1); // an older answer must not come after a newer one
    try {
      const answer = await api.get(`v1/runs/${encodeURIComponent(name)}/samples`);
      if (mine === wanted) draw((current = { name, ...answer }));
    } catch (error) {
      if (mine === wanted) container.replaceChildren(problem(error, () => load(name)));
    }
  }

  function choose(shown, focused) {
    setParameters({ epochs: shown.join(",") });
    draw(current);
    container.querySelector(focused)?.focus();
  }

  function draw({ name, epochs, samples }) {
    const shown = shownEpochs(epochs, parameters.get("epochs"));
    container.hidden = !epochs.length;
    if (!epochs.length) return;
    const save = saveButtons({ name: `tandem-samples-${name}`, table: () => tableOf(epochs, samples) });
    const head = element(
      "div",
      { class: "chart-head" },
      element("h2", { id: "samples-title" }, t("training.samples", { name })),
      save,
    );
    const picks = element("div", { class: "picks", role: "group", "aria-label": t("training.samples.epochs") });
    const toggles = epochs.map((epoch) => {
      const toggle = () => choose(toggled(epochs, shown, epoch), `[data-epoch="${epoch}"]`);
      const attributes = {
        type: "button",
        class: "pick",
        "data-epoch": epoch,
        "aria-pressed": String(shown.includes(epoch)),
        onclick: toggle,
      };
      return element("button", attributes, String(epoch));
    });
    picks.append(step(epochs, shown, -1), ...toggles, step(epochs, shown, 1));
    const note = element("p", { class: "note" }, t("training.samples.note"));
    container.replaceChildren(head, picks, note, ...samples.map((sample) => sampleCard(sample, epochs, shown)));
  }

  function step(epochs, shown, by) {
    const next = stepped(epochs, shown, by);
    const name = by < 0 ? "back" : "on";
    const attributes = {
      type: "button",
      "data-step": name,
      "aria-label": t(`training.samples.${name}`),
      disabled: next === shown,
    };
    return element(
      "button",
      { ...attributes, onclick: () => choose(next, `[data-step="${name}"]`) },
      by < 0 ? "←" : "→",
    );
  }

  return { element: container, load };
}

/** Take an epoch in or out; one stays. */
function toggled(epochs, shown, epoch) {
  const next = epochs.filter((each) => shown.includes(each) !== (each === epoch));
  return next.length ? next : shown;
}

function sampleCard({ source, reference, outputs }, epochs, shown) {
  const outputOf = (epoch) => outputs[epochs.indexOf(epoch)] ?? null;
  const columns = shown.map((epoch) =>
    outputColumn([t("training.epoch_number", { epoch: String(epoch) })], marked(outputOf(epoch), reference)),
  );
  return element(
    "article",
    { class: "card example" },
    element("p", { class: "example-source", dir: "auto" }, source),
    referenceLine(reference),
    element("div", { class: "example-outputs" }, ...columns),
  );
}

/** An output whose words that the reference does not have are marked. */
function marked(output, reference) {
  if (output === null) return element("p", { class: "note" }, t("training.samples.none"));
  if (reference === null) return element("p", { dir: "auto" }, output);
  const [pieces] = differences(output, reference);
  return markedText(pieces);
}

function tableOf(epochs, samples) {
  const rows = samples.map(({ source, reference, outputs }) => [
    source,
    reference,
    ...epochs.map((_, at) => outputs[at] ?? null),
  ]);
  return [["source", "reference", ...epochs.map((epoch) => `epoch ${epoch}`)], ...rows];
}
