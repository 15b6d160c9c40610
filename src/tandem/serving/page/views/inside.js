/** Inside the model: states and gates while it reads or writes, and where the context lies among the training sentences. */

import { wholeNumber } from "../address.js";
import { latest } from "../api.js";
import { debounced, element } from "../dom.js";
import { neighboursPart } from "../inside/neighbours.js";
import { pictures } from "../inside/pictures.js";
import { classView } from "../parts/class_view.js";
import { chosenModel, field, modelField, select, textBox } from "../parts/fields.js";
import { problem } from "../parts/problem.js";
import { sourceLine } from "../parts/source_line.js";

const PAUSE = 300; // milliseconds after the last key
const SIDES = ["encoder", "decoder"];
const WHATS = ["hidden", "cell", "input", "forget", "output", "candidate", "update", "reset"]; // in whatever cell
const LAYERS = { least: 0, most: 99, otherwise: 0 };

class Inside {
  constructor(container, context) {
    this.context = context;
    const { parameters, t } = context;
    this.requests = latest();
    this.known = { layers: 1, whats: ["hidden"] };
    this.answer = null;
    this.options = element("div", { class: "options" });
    this.about = element("p", { class: "note" });
    this.maps = element("div", { class: "maps" });
    this.typed = debounced(() => this.ask(), PAUSE);
    this.source = this.newSource();
    this.target = textBox({
      value: parameters.get("target") ?? "",
      label: t("inside.target"),
      onInput: (target) => this.retarget(target),
    });
    this.target.placeholder = t("inside.target.placeholder");
    this.place = neighboursPart(context, (text) => this.look(text));
    const head = [element("h1", {}, t("view.inside")), element("p", { class: "lead" }, t("inside.lead"))];
    container.append(...head, this.source.node, this.target, this.options, this.about, this.maps, this.place.element);
    this.ask();
  }

  newSource() {
    return sourceLine(this.context, (wasTyped) => (wasTyped ? this.typed() : this.ask()));
  }

  /** What the address asks for. */
  get wish() {
    const { parameters } = this.context;
    return {
      text: this.source.line(),
      target: (parameters.get("target") ?? "").trim(),
      side: parameters.get("side") === "decoder" ? "decoder" : "encoder",
      layer: wholeNumber(parameters, "layer", LAYERS),
      what: parameters.get("what") ?? "hidden",
      isAll: parameters.get("units") === "all",
    };
  }

  retarget(target) {
    this.context.setParameters({ target });
    this.typed();
  }

  /** Show a neighbour in place of the text. */
  look(text) {
    this.context.setParameters({ text, line: null, target: null });
    const source = this.newSource();
    this.source.node.replaceWith(source.node);
    this.source = source;
    this.target.value = "";
    this.ask();
    source.node.querySelector("textarea").focus();
  }

  ask() {
    this.typed.cancel();
    const { api } = this.context;
    const { text, target, side, layer, what } = this.wish;
    this.showOptions();
    this.place.element.hidden = !text;
    if (!text) {
      this.requests.stop();
      this.place.stop();
      this.maps.replaceChildren();
      return;
    }
    const model = chosenModel(this.context).name;
    const ask = { text, model, side, layer, what, ...(side === "decoder" && target ? { target } : {}) };
    this.maps.setAttribute("aria-busy", "true");
    this.requests.run(
      (signal) => api.post("v1/inside", ask, { signal }),
      (answer) => {
        this.answer = answer;
        this.known = { layers: answer.layers, whats: answer.whats };
        this.showOptions();
        this.show();
      },
      (error) => this.maps.replaceChildren(problem(error, () => this.ask())),
    );
    if (this.placed !== `${model} ${text}`) this.place.load(text, model);
    this.placed = `${model} ${text}`;
  }

  show() {
    this.maps.removeAttribute("aria-busy");
    this.maps.replaceChildren(...pictures(this.answer, { ...this.wish, room: this.maps.clientWidth }));
  }

  showOptions() {
    const { t, setParameters } = this.context;
    const { side, layer, what, isAll } = this.wish;
    this.target.hidden = side !== "decoder";
    this.about.textContent = t(`inside.about.${WHATS.includes(what) ? what : "hidden"}`);
    const key = JSON.stringify([this.known, side, layer, what]);
    if (key === this.optionsKey) return;
    this.optionsKey = key;
    const use = (changes) => {
      setParameters(changes);
      this.ask();
    };
    const layers = Array.from({ length: Math.max(this.known.layers, layer + 1) }, (_, at) => [at, String(at + 1)]);
    const whats = [...new Set([...this.known.whats, what])]
      .filter((each) => WHATS.includes(each))
      .map((each) => [each, t(`inside.what.${each}`)]);
    const all = element("input", {
      type: "checkbox",
      checked: isAll,
      onchange: ({ target }) => {
        setParameters({ units: target.checked ? "all" : null });
        if (this.answer) this.show();
      },
    });
    const focused = this.options.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    const lists = {
      side: [t("inside.side"), SIDES.map((each) => [each, t(`inside.side.${each}`)]), side],
      layer: [t("inside.layer"), layers, layer],
      what: [t("inside.what"), whats, what],
    };
    const fields = Object.entries(lists).map(([name, [label, entries, chosen]]) => {
      const list = select(entries, chosen, (value) => use({ [name]: value }));
      list.dataset.name = name;
      return field(label, list);
    });
    // Another model may have other gates and fewer layers.
    const models = modelField(this.context, () => use({ what: null, layer: null }));
    this.options.replaceChildren(
      ...[models, ...fields, element("label", { class: "field" }, all, t("inside.all"))].filter(Boolean),
    );
    if (focused) this.options.querySelector(`[data-name="${focused}"]`)?.focus();
  }

  end() {
    this.typed.cancel();
    this.requests.stop();
    this.place.stop();
  }
}

export const view = classView("inside", "models", Inside);
