/** Trainings, live: curves of one run or several, and what they make of the same sources epoch by epoch. */

import { element } from "../dom.js";
import { classView } from "../parts/class_view.js";
import { field, select } from "../parts/fields.js";
import { problem, sentence } from "../parts/problem.js";
import { scoreName } from "../score_names.js";
import { chart } from "../training/chart.js";
import { onColours } from "../training/colours.js";
import { CURVES, linesOf } from "../training/curves.js";
import { epochsTable } from "../training/epochs.js";
import { emptyFeed, readOn, repeatedly } from "../training/feed.js";
import { places, progressOf, scoreNames, stepOf } from "../training/progress.js";
import { runCard } from "../training/run_cards.js";
import { samplesPart } from "../training/samples.js";

const PAUSE = 2000; // milliseconds between two questions to the server
const AXES = ["steps", "epochs", "time"];
const HEIGHTS = { loss: 300, score: 300 };

/**
 * Return the names of the runs that are shown: those of the address that there are, or the one that is most alive.
 *
 * @param {{name: string, state: string, updated: string}[]} runs
 * @param {string|null} wished names with commas, each encoded
 */
export function chosenRuns(runs, wished) {
  const names = (wished ?? "").split(",").map(decoded);
  const kept = names.filter((name) => runs.some((run) => run.name === name));
  if (kept.length || !runs.length) return kept;
  const rank = ({ state, updated }) => `${{ training: 2, damaged: 0 }[state] ?? 1}${updated ?? ""}`;
  return [runs.reduce((best, run) => (rank(run) > rank(best) ? run : best)).name];
}

/** A comma may be in a name: names are encoded once more than the address. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not of this page's making
  }
}

class Training {
  constructor(container, context) {
    this.context = context;
    this.runs = [];
    this.feeds = new Map();
    this.progress = new Map();
    this.firstSeen = new Map();
    this.loadedSamples = "";
    this.status = element("div", { class: "away", role: "status" });
    this.cards = element("ul", { class: "runs" });
    this.options = element("div", { class: "options" });
    this.charts = new Map(CURVES.map((id) => [id, chart({ id, height: HEIGHTS[id] ?? 190 })]));
    this.note = element("p", { class: "note", role: "status" });
    this.epochs = element("div");
    this.samples = samplesPart(context);
    const charts = element("div", { class: "charts" }, ...[...this.charts.values()].map((each) => each.element));
    const { t } = context;
    container.append(
      ...[element("h1", {}, t("view.training")), element("p", { class: "lead" }, t("training.lead")), this.status],
      ...[this.cards, this.options, this.note, charts, this.epochs, this.samples.element],
    );
    this.stopColours = onColours(() => this.charts.forEach((each) => each.redraw()));
    this.polling = repeatedly((signal) => this.ask(signal), PAUSE);
  }

  /** Ask what is new; an error leaves what is shown as it is. */
  async ask(signal) {
    const { api, parameters, t } = this.context;
    try {
      const { runs } = await api.get("v1/runs", { signal });
      this.runs = runs;
      const asked = chosenRuns(runs, parameters.get("runs"));
      // A damaged run comes last: a card shows its line as the curves do, which have no damaged runs.
      const chosen = asked.toSorted((one, other) => this.isDamaged(one) - this.isDamaged(other));
      const before = chosen.map((name) => this.feeds.get(name));
      for (const name of chosen) if (!this.isDamaged(name)) await this.readOn(name, signal);
      if (signal.aborted) return;
      this.status.replaceChildren();
      this.show(
        chosen,
        chosen.some((name, at) => this.feeds.get(name) !== before[at]),
      );
    } catch (error) {
      if (signal.aborted) return;
      const away = element("p", { class: "note" }, t("training.away"));
      const text = sentence(error);
      if (this.status.firstChild?.firstChild?.textContent !== text) this.status.replaceChildren(problem(error), away);
    }
  }

  /** What cannot be read is said on the run's card; what was read of it before stays. */
  isDamaged(name) {
    return this.runs.find((run) => run.name === name)?.state === "damaged";
  }

  async readOn(name, signal) {
    const old = this.feeds.get(name) ?? emptyFeed();
    const feed = await readOn(this.context.api, name, old, signal);
    if (signal.aborted) return;
    this.feeds.set(name, feed);
    if (feed === old && this.progress.has(name)) return;
    const progress = progressOf(feed.rows);
    this.progress.set(name, progress);
    // Before the first epoch is over, nothing but the page's own clock tells how fast it is.
    const now = { time: Date.now(), step: stepOf(progress) };
    const first = this.firstSeen.get(name);
    if (!first || first.step > now.step) this.firstSeen.set(name, now);
  }

  show(chosen, isNew) {
    this.showCards(chosen);
    const isSame = JSON.stringify(chosen) === JSON.stringify(this.shown);
    this.shown = chosen;
    if (isNew || !isSame) this.showCurves();
  }

  showCards(chosen) {
    const { api, t } = this.context;
    const cards = this.runs.map((run) => {
      const style = chosen.indexOf(run.name);
      return runCard(run, {
        style: style < 0 ? null : style,
        progress: style < 0 ? null : (this.progress.get(run.name) ?? null),
        seen: this.seen(run.name),
        mayControl: api.hasToken(),
        choose: (isChosen) => this.choose(run.name, isChosen),
        control: (action) => this.control(run.name, action),
      });
    });
    if (!cards.length) cards.push(element("li", { class: "lead" }, t("training.none")));
    renew(this.cards, cards);
  }

  seen(name) {
    const first = this.firstSeen.get(name);
    const progress = this.progress.get(name);
    return first && progress
      ? { seconds: (Date.now() - first.time) / 1000, steps: stepOf(progress) - first.step }
      : null;
  }

  choose(changed, isChosen) {
    const others = chosenRuns(this.runs, this.context.parameters.get("runs")).filter((name) => name !== changed);
    const names = isChosen ? [...others, changed] : others;
    if (names.length) this.context.setParameters({ runs: names.map(encodeURIComponent).join(",") });
    this.polling.now();
  }

  async control(name, action) {
    try {
      await this.context.api.post(`v1/runs/${encodeURIComponent(name)}/${action}`, {});
    } catch (error) {
      this.status.replaceChildren(problem(error));
      return;
    }
    this.polling.now();
  }

  showCurves() {
    const { parameters, t } = this.context;
    const runs = this.shown
      .filter((name) => this.progress.has(name))
      .map((name) => ({ name, progress: this.progress.get(name) }));
    const scores = scoreNames(runs.map(({ progress }) => progress));
    const score = scores.includes(parameters.get("score")) ? parameters.get("score") : scores[0];
    const axis = AXES.includes(parameters.get("axis")) ? parameters.get("axis") : "steps";
    const isLog = parameters.get("log") === "1";
    this.showOptions({ axis, score, scores, isLog, names: runs.map(({ name }) => name) });
    const placed = runs.map((run) => ({ ...run, places: places(run.progress, axis) }));
    this.note.textContent = placed.some((run) => !run.places) ? t("training.no_time") : "";
    const extent = [0, Math.max(0, ...placed.map((run) => run.places?.steps.at(-1) ?? 0))];
    const words = { score, train: t("training.train"), validation: t("training.validation") };
    for (const [id, { element: card, show }] of this.charts) {
      card.hidden = !runs.length || (id === "score" && !scores.length);
      const title =
        id === "score" ? t("training.score", { score: score ? scoreName(score) : "" }) : t(`training.curve.${id}`);
      show(linesOf(id, placed, words), {
        title,
        axis,
        axisTitle: t(`training.axis.${axis}`),
        isLog: id === "loss" && isLog,
        extent,
      });
    }
    this.epochs.replaceChildren(...[epochsTable(runs, scores)].filter(Boolean));
    this.showSamples(runs);
  }

  showOptions({ axis, score, scores, isLog, names }) {
    const { parameters, setParameters, t } = this.context;
    const key = JSON.stringify([scores, names]);
    if (this.optionsKey === key) return; // each control has its own state; nobody's list closes under their hand
    this.optionsKey = key;
    this.options.hidden = !names.length;
    const again = (changes) => {
      setParameters(changes);
      this.showCurves();
    };
    const axes = AXES.map((each) => [each, t(`training.axis.${each}`)]);
    const named = scores.map((each) => [each, scoreName(each)]);
    const sampled = names.includes(parameters.get("samples")) ? parameters.get("samples") : names[0];
    const log = element("input", {
      type: "checkbox",
      checked: isLog,
      onchange: ({ target }) => again({ log: target.checked ? 1 : null }),
    });
    this.options.replaceChildren(
      field(
        t("training.axis"),
        select(axes, axis, (value) => again({ axis: value })),
      ),
      ...(scores.length > 1
        ? [
            field(
              t("training.score_choice"),
              select(named, score, (value) => again({ score: value })),
            ),
          ]
        : []),
      ...(names.length > 1
        ? [
            field(
              t("training.samples_of"),
              select(
                names.map((each) => [each, each]),
                sampled,
                (value) => again({ samples: value }),
              ),
            ),
          ]
        : []),
      element("label", { class: "field" }, log, t("training.log")),
    );
  }

  /** Samples are of one of the chosen runs, and new after each validation. */
  showSamples(runs) {
    const run = runs.find(({ name }) => name === this.context.parameters.get("samples")) ?? runs[0];
    const key = run ? `${run.name} ${run.progress.validations.length}` : "";
    if (key === this.loadedSamples) return;
    this.loadedSamples = key;
    this.samples.element.hidden = !run;
    if (run) this.samples.load(run.name);
  }

  end() {
    this.polling.stop();
    this.stopColours();
    this.charts.forEach((each) => each.end());
  }
}

export const view = classView("training", "runs", Training);

/** Put new parts in the place of old ones that look different; a control that has the focus keeps it. */
function renew(old, parts) {
  for (const [at, part] of parts.entries()) {
    const present = old.children[at];
    if (!present) old.append(part);
    else if (present.isEqualNode(part)) continue;
    else if (present.dataset.state === part.dataset.state && present.childElementCount === part.childElementCount) {
      [...part.children].forEach(
        (child, place) => present.children[place].isEqualNode(child) || present.children[place].replaceWith(child),
      );
    } else present.replaceWith(part);
  }
  while (old.children.length > parts.length) old.lastChild.remove();
}
