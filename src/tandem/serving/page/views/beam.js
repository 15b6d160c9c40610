/** Beam search, step by step. */

import { wholeNumber } from "../address.js";
import { latest } from "../api.js";
import { countsAt, statesAt } from "../beam_layout.js";
import { debounced, element } from "../dom.js";
import { describeNode, nodeDetails, nodeRows, nodeTable } from "../parts/beam_details.js";
import { beamTree } from "../parts/beam_tree.js";
import { chosenModel, field, modelField, rangeField } from "../parts/fields.js";
import { draggable } from "../parts/panning.js";
import { problem } from "../parts/problem.js";
import { saveButtons } from "../parts/save_buttons.js";
import { sourceLine } from "../parts/source_line.js";
import { stepper } from "../parts/stepper.js";
import { number } from "../texts.js";

const PAUSE = 200; // milliseconds without a key before a search is asked for
const WIDEST = 10;

/** @type {import("../views.js").View} */
export const view = { id: "beam", title: "view.beam", needs: "models", mount };

function mount(container, context) {
  const { setParameters, api, t } = context;
  const request = latest();
  const soon = debounced(search, PAUSE);
  const stage = element("div", { class: "stage" });
  let shown = null;

  const source = sourceLine(context, (wasTyped) => {
    setParameters({ step: null, node: null });
    if (wasTyped) soon();
    else search();
  });
  container.append(
    element("h1", {}, t("view.beam")),
    element("p", { class: "lead" }, t("beam.lead")),
    source.node,
    controls(context, search, soon),
    stage,
  );
  search();

  function search() {
    soon.cancel();
    const text = source.line();
    if (!text) {
      request.stop();
      shown?.end();
      stage.replaceChildren(element("p", { class: "lead" }, t("beam.nothing")));
      return;
    }
    stage.setAttribute("aria-busy", "true");
    request.run(
      (signal) => api.post("v1/trace", { text, ...optionsOf(context) }, { signal }),
      (trace) => {
        shown?.end();
        stage.removeAttribute("aria-busy");
        shown = watched(trace, context);
        stage.replaceChildren(...shown.nodes);
        shown.begin();
      },
      (error) => {
        shown?.end();
        stage.removeAttribute("aria-busy");
        stage.replaceChildren(problem(error, search));
      },
    );
  }

  return () => {
    soon.cancel();
    request.stop();
    shown?.end();
  };
}

function controls(context, search, soon) {
  const { parameters, setParameters, t } = context;
  const { beam, n_best: count, length_penalty: penalty } = optionsOf(context);
  const set = (name) => (value) => {
    setParameters({ [name]: value, step: null, node: null });
    soon();
  };
  const slider = (label, name, value, bounds, digits) => rangeField(t(label), { value, ...bounds, digits }, set(name));
  const penalties = { least: 0, most: 2, step: 0.1 };
  const usual = element("input", {
    type: "checkbox",
    checked: penalty === undefined,
    onchange: ({ target }) => {
      setParameters({ penalty: target.checked ? null : 1, step: null, node: null });
      group.replaceWith(controls(context, search, soon));
      document.getElementById("usual-penalty").focus();
      search();
    },
  });
  const group = element(
    "div",
    { class: "options", role: "group", "aria-label": t("translate.options") },
    modelField(context, search),
    slider("beam.width", "beam", beam, { least: 1, most: WIDEST, step: 1 }, 0),
    slider("translate.count", "n", count, { least: 1, most: WIDEST, step: 1 }, 0),
    element(
      "span",
      { class: "field check" },
      usual,
      element("label", { for: (usual.id = "usual-penalty") }, t("beam.usual")),
    ),
    penalty !== undefined && slider("translate.penalty", "penalty", penalty, penalties, 1),
    parameters.get("prefix") && prefixChip(context, search),
  );
  return group;
}

function prefixChip({ parameters, setParameters, t }, search) {
  const prefix = parameters.get("prefix");
  const release = ({ currentTarget }) => {
    setParameters({ prefix: null, step: null, node: null });
    currentTarget.remove();
    search();
  };
  const label = t("translate.release", { prefix });
  return element(
    "button",
    { type: "button", class: "chip", "aria-label": label, onclick: release },
    `${t("translate.begins", { prefix })} ×`,
  );
}

function optionsOf(context) {
  const { parameters } = context;
  const model = chosenModel(context);
  const width = { least: 1, most: WIDEST };
  const beam = wholeNumber(parameters, "beam", { ...width, otherwise: Math.min(WIDEST, model.beam) });
  const count = wholeNumber(parameters, "n", { ...width, otherwise: 1 });
  const penalty = parseFloat(parameters.get("penalty") ?? "");
  const prefix = parameters.get("prefix");
  return {
    model: model.name,
    beam: Math.max(beam, count),
    n_best: count,
    ...(Number.isFinite(penalty) && { length_penalty: penalty }),
    ...(prefix && { prefix }),
  };
}

/** The picture of a search, its steps, what is known of a node, the results and the table. */
function watched(trace, { parameters, setParameters, t }) {
  let step = wholeNumber(parameters, "step", { least: 0, most: trace.steps, otherwise: trace.steps });
  let states = statesAt(trace, step);
  let chosen = wholeNumber(parameters, "node", { least: 0, most: trace.nodes.length - 1, otherwise: null });

  const tree = beamTree(trace, {
    onLook: (id) => look(id ?? chosen),
    onChoose: choose,
    describe: (id, state) => describeNode(trace, id, state),
  });
  const frame = element(
    "div",
    { class: "scrolled framed card", tabindex: "0", role: "region", "aria-label": t("beam.tree.note") },
    tree.svg,
  );
  const steps = stepper({ step, steps: trace.steps, onStep: go });
  const summary = element("p", { class: "summary", role: "status" });
  const details = element("div", { class: "side" });
  const buttons = saveButtons({ name: "beam", picture: () => tree.svg, table: () => nodeRows(trace) });
  const tidy = draggable(frame);
  frame.addEventListener("keydown", ({ key, target }) => {
    if (target === frame && (key === "ArrowLeft" || key === "ArrowRight")) steps.move(key === "ArrowLeft" ? -1 : 1);
  });

  function go(next) {
    step = next;
    states = statesAt(trace, step);
    setParameters({ step: step === trace.steps ? null : step });
    draw();
  }

  function draw() {
    tree.showStep(step);
    tree.choose(chosen);
    const counts = countsAt(trace, states, step);
    const { live, complete, pruned } = counts;
    summary.textContent = step
      ? t("beam.summary", { step, steps: trace.steps, live, complete, pruned })
      : t("beam.summary.start");
    look(chosen);
    const { x, width } = tree.columnOf(step);
    const isSeen = x >= frame.scrollLeft && x + width <= frame.scrollLeft + frame.clientWidth;
    if (!isSeen) frame.scrollTo({ left: step === trace.steps ? 0 : x - frame.clientWidth / 2 });
  }

  function look(id) {
    const isThere = id !== null && id > 0 && states.has(id);
    details.replaceChildren(isThere ? nodeDetails(trace, id, states.get(id)) : legend(t));
  }

  function choose(id) {
    chosen = chosen === id ? null : id;
    setParameters({ node: chosen });
    tree.choose(chosen);
    look(chosen);
  }

  return {
    nodes: [
      element("div", { class: "options steps" }, steps.node, element("span", { class: "end" }, buttons)),
      summary,
      element("div", { class: "watched" }, frame, details),
      resultList(trace, t),
      tableOf(trace, t),
    ],
    begin: draw,
    end: () => {
      steps.stop();
      tidy();
    },
  };
}

function resultList({ results, texts, nodes }, t) {
  const items = texts.map((text, place) =>
    element(
      "li",
      {},
      element("span", { dir: "auto" }, text || "\u00a0"),
      element("span", { class: "figure" }, `${t("beam.score")} ${number(nodes[results[place]].score)}`),
    ),
  );
  return element("section", { class: "results" }, element("h2", {}, t("beam.results")), element("ol", {}, ...items));
}

function legend(t) {
  const kinds = ["live", "complete", "pruned", "dead", "result"];
  const items = kinds.map((kind) =>
    element("li", {}, element("span", { class: `sample ${kind}`, "aria-hidden": "true" }), t(`beam.state.${kind}`)),
  );
  return element(
    "div",
    { class: "legend" },
    element("p", { class: "note" }, t("beam.hint")),
    element("ul", {}, ...items),
  );
}

/** Made when it is opened, since it may have thousands of rows. */
function tableOf(trace, t) {
  const place = element("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": t("beam.table") });
  const toggle = ({ target }) => {
    if (target.open && !place.firstChild) place.append(nodeTable(trace, statesAt(trace, trace.steps)));
  };
  return element("details", { class: "as-table", ontoggle: toggle }, element("summary", {}, t("beam.as_table")), place);
}
