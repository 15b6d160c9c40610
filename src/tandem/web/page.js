/** The page: what is typed is translated as it is typed, one line at a time. */

import { attentionView } from "./attention_view.js";
import { element } from "./dom.js";
import { joinFeatures } from "./features.js";
import { loadDescription, loadTranslator, PageError } from "./loading.js";

const PAUSE = 150; // milliseconds without a key before a translation begins
const BEAMS = [1, 2, 3, 5, 10, 20];
const COUNTS = [1, 3, 5, 10];
const LINE_END = /\r\n|\r|\n/;

const part = (id) => document.getElementById(id);
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** The translator, once it is there. */
export const started = start();
started.catch(showError);
window.addEventListener("unhandledrejection", (event) => showError(event.reason));

/** @returns {Promise<import("./translator.js").Translator>} */
async function start() {
  const base = new URL(".", document.baseURI);
  const description = await loadDescription(base);
  describe(description);
  say(`Loading ${megabytes(description.size)} MB.`);
  part("loading").hidden = false;
  const translator = await loadTranslator(base, description, (done, total) => {
    part("loaded").textContent = `${megabytes(done)} of ${megabytes(total)} MB`;
    part("progress").value = done / total;
  });
  part("loading").hidden = true;
  say("Ready. From now on the page needs no connection.");
  const update = updater(translator);
  let timer;
  for (const id of ["source", "features"]) {
    part(id).addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(update, PAUSE);
    });
  }
  for (const id of ["beam", "count", "looked"]) part(id).addEventListener("change", update);
  update(); // what was typed while the model was loaded
  return translator;
}

/** Fill in what depends on the model. */
function describe(description) {
  const { search, onnxruntime } = description;
  const beams = [...new Set([...BEAMS, search.beam])].sort((one, other) => one - other);
  fill(part("beam"), beams, search.beam, (beam) => (beam === 1 ? "1 (greedy)" : `${beam}`));
  fill(part("count"), COUNTS, 1, (count) => (count === 1 ? "none" : `${count}`));
  part("features-part").hidden = description.features === null;
  part("looked-part").hidden = !description.attends;
  part("about").textContent =
    `This page is ${megabytes(description.size)} MB, ${megabytes(description.compressed)} MB where a server compresses ` +
    `it. What you write stays in this browser, where the model runs in ${description.precision} by onnxruntime-web ` +
    `${onnxruntime.version} (MIT licence). Made with Tandem ${description.tandem}.`;
}

function fill(select, values, chosen, name) {
  select.replaceChildren(...values.map((value) => new Option(name(value), value, value === chosen, value === chosen)));
}

/** Return what translates anew; where it is called again meanwhile, what it was doing is stale, and begins again. */
function updater(translator) {
  const kept = new Map();
  let isRunning = false;
  let isStale = false;
  return async () => {
    isStale = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isStale) {
        isStale = false;
        await translateAll(translator, kept, () => isStale);
      }
    } finally {
      isRunning = false;
    }
  };
}

/** Translate all lines; those that were translated before are in `kept`, by their texts and the options. */
async function translateAll(translator, kept, isStale) {
  const [beam, nBest] = ["beam", "count"].map((id) => Number(part(id).value));
  const began = performance.now();
  const lines = part("source").value.split(LINE_END);
  const keys = lines.map((line) => JSON.stringify([joinFeatures(line, part("features").value), beam, nBest]));
  const isNew = keys.some((key) => !kept.has(key));
  for (const key of keys) {
    const [text] = JSON.parse(key);
    const options = { beam: Math.max(beam, nBest), nBest, isStale };
    const result = kept.get(key) ?? (await translator.translate(text, options));
    if (result === null) return;
    kept.set(key, result);
  }
  for (const key of [...kept.keys()].filter((key) => !keys.includes(key))) kept.delete(key);
  const results = keys.map((key) => kept.get(key));
  part("output").replaceChildren(...results.map(shown));
  part("notes").textContent = notes(results);
  const isEmpty = results.every((result) => !result.tokens.length);
  if (isNew) part("time").textContent = isEmpty ? "" : `${Math.round(performance.now() - began)} ms`;
}

function shown(result) {
  const line = element("div", { className: "translation" }, element("p", { textContent: result.text || "\u00a0" }));
  if (result.alternatives.length > 1) {
    const items = result.alternatives.slice(1).map((each) => element("li", { textContent: each.text }));
    line.append(element("ol", { "aria-label": "Alternatives", start: 2 }, ...items));
  }
  if (part("looked").checked && result.attention.length) line.append(attentionView(result));
  for (const each of line.querySelectorAll("p, li")) each.dir = "auto";
  return line;
}

/** Return what is to be said of the sources. */
function notes(results) {
  const unknown = [...new Set(results.flatMap((result) => result.unknown))];
  return [
    unknown.length ? `Unknown to the model: ${unknown.join(", ")}.` : "",
    results.some((result) => result.cut) ? "The text is too long, and only its beginning was read." : "",
    results.some((result) => result.stopped === "limit") ? "A translation reached the length limit." : "",
  ]
    .filter(Boolean)
    .join(" ");
}

function say(text) {
  part("status").textContent = text;
}

function showError(error) {
  part("loading").hidden = true;
  part("status").classList.add("error");
  say(error instanceof PageError ? error.message : `This should not happen; please report it: ${error}`);
}
