/** Two models on the same texts: scores, whether the difference may be chance, and the sentences where they differ. */

import { latest } from "../api.js";
import { Results } from "../compare/results.js";
import { chosenPairs } from "../compare/rows.js";
import { debounced, element } from "../dom.js";
import { field, select } from "../parts/fields.js";
import { problem } from "../parts/problem.js";

const BEAMS = [1, 2, 3, 4, 5, 8, 10];
const IN_ADDRESS = 2000; // characters of a text that an address may carry
const LARGEST = 20_000_000; // bytes of a file

/** @type {import("../views.js").View} */
export const view = {
  id: "compare",
  title: "view.compare",
  needs: "models",
  mount(container, context) {
    const { models, t } = context;
    container.append(element("h1", {}, t("view.compare")), element("p", { class: "lead" }, t("compare.lead")));
    if (models.length < 2) {
      container.append(element("p", { class: "card padded", role: "status" }, t("compare.one_model")));
      return () => {};
    }
    const comparison = new Comparison(container, context);
    return () => comparison.end();
  },
};

class Comparison {
  constructor(container, context) {
    this.context = context;
    const { parameters, t } = context;
    this.requests = latest();
    this.remember = debounced(() => this.keep(), 400);
    this.sources = this.box("sources", t("compare.sources"), t("compare.sources.placeholder"));
    this.references = this.box("references", t("compare.references"), t("compare.references.placeholder"));
    this.note = element("p", { class: "note" });
    this.start = element("button", { type: "submit", class: "main" }, t("compare.start"));
    this.cancel = element("button", { type: "button", hidden: true, onclick: () => this.stop() }, t("token.cancel"));
    this.working = element("span", { class: "working", role: "status" });
    this.results = new Results(context);
    const submit = (event) => {
      event.preventDefault();
      this.ask();
    };
    const form = element(
      "form",
      { class: "compare-form", onsubmit: submit },
      element(
        "div",
        { class: "options" },
        ...this.choices(),
        element("span", { class: "end compare-buttons" }, this.working, this.cancel, this.start),
      ),
      element("div", { class: "boxes" }, this.sources.part, this.references.part),
      this.note,
    );
    container.append(form, this.results.element);
    if (parameters.get("sources")) this.ask();
  }

  /** Where lines are pasted, or read from a file. */
  box(name, label, placeholder) {
    const { parameters, t } = this.context;
    const area = element("textarea", {
      ...{
        id: `compare-${name}`,
        class: "text",
        rows: 5,
        placeholder,
        dir: "auto",
        spellcheck: "false",
        autocomplete: "off",
      },
      value: parameters.get(name) ?? "",
      oninput: () => this.remember(),
    });
    const file = element("input", {
      ...{
        type: "file",
        class: "unseen",
        id: `compare-${name}-file`,
        accept: ".txt,.tsv,.csv,text/*",
        "aria-label": t("compare.file.label", { label }),
      },
      onchange: async ({ target }) => {
        const [chosen] = target.files;
        target.value = ""; // so that the same file can be chosen again
        if (chosen) await this.read(chosen, area);
      },
    });
    const button = element("label", { for: file.id, class: "file" }, t("compare.file"));
    const head = element(
      "div",
      { class: "chart-head" },
      element("label", { for: area.id }, label),
      element("span", {}, file, button),
    );
    return { area, part: element("div", { class: "box" }, head, area) };
  }

  choices() {
    const { models, parameters, setParameters, t } = this.context;
    const names = models.map(({ name }) => [name, name]);
    const [first, second] = this.models();
    const beam = parameters.get("beam") ?? "";
    const beams = [
      ["", t("compare.beam.own")],
      ...BEAMS.map((each) => [each, each === 1 ? t("part.beam.greedy") : each]),
    ];
    return [
      field(
        t("compare.first"),
        select(names, first, (value) => setParameters({ first: value })),
      ),
      field(
        t("compare.second"),
        select(names, second, (value) => setParameters({ second: value })),
      ),
      field(
        t("part.beam"),
        select(beams, beam, (value) => setParameters({ beam: value })),
      ),
    ];
  }

  /** The names of the two models: those of the address, or the first two. */
  models() {
    const { models, parameters } = this.context;
    const named = (name, at) => models.find((model) => model.name === parameters.get(name))?.name ?? models[at].name;
    return [named("first", 0), named("second", 1)];
  }

  async read(file, area) {
    const { t } = this.context;
    if (file.size > LARGEST) {
      this.note.textContent = t("compare.too_large", { name: file.name, size: Math.round(LARGEST / 1e6) });
      return;
    }
    area.value = await file.text();
    this.keep();
  }

  /** Put short texts into the address. */
  keep() {
    const { setParameters, t } = this.context;
    const texts = { sources: this.sources.area.value, references: this.references.area.value };
    const isShort = texts.sources.length + texts.references.length <= IN_ADDRESS;
    setParameters(isShort ? texts : { sources: null, references: null });
    this.note.textContent = isShort ? "" : t("compare.not_in_address");
  }

  ask() {
    this.remember.cancel();
    this.keep();
    const { api, parameters, t } = this.context;
    const pairs = chosenPairs(this.sources.area.value, this.references.area.value);
    const models = this.models();
    const fault = models[0] === models[1] ? { problem: "compare.same_model", values: {} } : pairs.problem && pairs;
    if (fault) {
      this.stop();
      this.results.fail(element("p", { class: "problem", role: "alert" }, t(fault.problem, fault.values)));
      return;
    }
    const beam = Number(parameters.get("beam"));
    this.busy(t("compare.working", { count: pairs.sources.length }));
    this.requests.run(
      (signal) => api.post("v1/compare", { models, ...pairs, ...(beam ? { beam } : {}) }, { signal }),
      (answer) => {
        this.busy("");
        this.results.show(answer);
      },
      (error) => {
        this.busy("");
        this.results.fail(problem(error, () => this.ask()));
      },
    );
  }

  busy(text) {
    this.working.textContent = text;
    this.cancel.hidden = !text;
    this.results.element.toggleAttribute("data-stale", Boolean(text));
  }

  stop() {
    this.requests.stop();
    this.busy("");
  }

  end() {
    this.remember.cancel();
    this.requests.stop();
  }
}
