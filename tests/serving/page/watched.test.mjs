/** What the views Inside, Training and Compare compute, without a document. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  chosenPairs,
  linesOf as textLines,
  pairsOf,
  shownRows,
  verdict,
} from "../../../src/tandem/serving/page/compare/rows.js";
import { differences, words } from "../../../src/tandem/serving/page/differences.js";
import { moved } from "../../../src/tandem/serving/page/heat_map.js";
import {
  LEVELS,
  boundOf,
  levelOf,
  levelPaths,
  minusPath,
  mostChanged,
  transposed,
} from "../../../src/tandem/serving/page/heat_scale.js";
import { plane } from "../../../src/tandem/serving/page/inside/scatter.js";
import { shownUnits } from "../../../src/tandem/serving/page/inside/pictures.js";
import { CURVES, joined, linesOf, rangeOf, valueAt } from "../../../src/tandem/serving/page/training/curves.js";
import { epochRows } from "../../../src/tandem/serving/page/training/epochs.js";
import { emptyFeed, readOn } from "../../../src/tandem/serving/page/training/feed.js";
import { clock, figure, tick } from "../../../src/tandem/serving/page/training/format.js";
import { ticks } from "../../../src/tandem/serving/page/training/picture.js";
import {
  elapsedSeconds,
  places,
  progressOf,
  scoreNames,
  secondsLeft,
  stepOf,
} from "../../../src/tandem/serving/page/training/progress.js";
import { shownEpochs, stepped } from "../../../src/tandem/serving/page/training/samples.js";
import { chosenRuns } from "../../../src/tandem/serving/page/views/training.js";

const TABLE = [
  [0.5, -1, null],
  [0, 0.25, 1],
];

test("a level is in proportion to the value, and the largest value has the last", () => {
  assert.equal(boundOf(TABLE), 1);
  assert.equal(boundOf([[0, null]]), 1);
  assert.deepEqual(
    TABLE.flat().map((value) => levelOf(value, 1)),
    [LEVELS / 2, -LEVELS, null, 0, LEVELS / 4, LEVELS],
  );
  assert.equal(levelOf(7, 1), LEVELS);
});

test("every cell that is not zero is in the path of its level, at its place", () => {
  const paths = levelPaths(TABLE, 1, 20, 10);
  assert.deepEqual(
    [...paths.keys()].sort((a, b) => a - b),
    [-LEVELS, LEVELS / 4, LEVELS / 2, LEVELS],
  );
  assert.equal(paths.get(LEVELS), "M40 10h20v10h-20z");
  assert.equal(paths.get(-LEVELS), "M20 0h20v10h-20z");
  assert.equal(minusPath(TABLE, 1, 20, 10), "M26 5h8");
});

test("the units that change most come first", () => {
  const steps = [
    [0, 5, 1],
    [0, 5, -1],
    [1, 5, 1],
  ];
  assert.deepEqual(transposed(transposed(steps)), steps);
  assert.deepEqual(mostChanged(transposed(steps), 2), [2, 0]);
  assert.deepEqual(shownUnits(transposed(steps), true), [0, 1, 2]);
  assert.deepEqual(shownUnits(transposed(steps), false), [2, 0, 1]);
  assert.deepEqual(transposed([]), []);
});

test("keys lead through a table and not out of it", () => {
  assert.deepEqual(moved("ArrowDown", null, 2, 3), [0, 0]);
  assert.deepEqual(moved("ArrowDown", [1, 1], 2, 3), [1, 1]);
  assert.deepEqual(moved("ArrowRight", [1, 1], 2, 3), [1, 2]);
  assert.deepEqual(moved("Home", [1, 2], 2, 3), [1, 0]);
  assert.deepEqual(moved("End", null, 2, 3), [0, 2]);
  assert.equal(moved("a", [0, 0], 2, 3), null);
  assert.equal(moved("ArrowDown", null, 0, 3), null);
});

test("all points of a plane are within its picture, at one scale", () => {
  const points = [
    [-3, 1],
    [5, 2],
    [0, -1],
  ];
  const place = plane(points, [400, 300], 20);
  for (const [x, y] of points.map(place)) assert.ok(x >= 20 && x <= 380 && y >= 20 && y <= 280, `${x} ${y}`);
  const [origin, right, up] = [
    [0, 0],
    [1, 0],
    [0, 1],
  ].map(place);
  assert.ok(Math.abs(right[0] - origin[0] - (origin[1] - up[1])) <= 0.2);
  assert.ok(up[1] < origin[1]);
  assert.deepEqual(plane([[2, 2]], [100, 100], 10)([2, 2]), [50, 50]);
});

const PAIRS = [
  ["A man reads a book.", "A man is reading the book."],
  ["", "A dog"],
  ["一只小狗在草地上跑。", "一只狗在草地上跑步。"],
  ["  two  spaces ", "two spaces"],
  ["a b a b a", "b a b"],
];

test("the pieces of two texts are the texts, and what is the same in one is so in the other", () => {
  for (const pair of PAIRS) {
    const sides = differences(...pair);
    sides.forEach((pieces, side) => assert.equal(pieces.map(({ text }) => text).join(""), pair[side]));
    sides.forEach((pieces) => pieces.slice(1).forEach(({ same }, at) => assert.notEqual(same, pieces[at].same)));
    const shared = sides.map((pieces) =>
      pieces
        .filter(({ same }) => same)
        .flatMap(({ text }) => words(text))
        .filter((word) => word.trim()),
    );
    assert.deepEqual(shared[0], shared[1]);
  }
  assert.deepEqual(differences("A dog.", "A dog.")[0], [{ text: "A dog.", same: true }]);
  assert.deepEqual(differences("a red cat runs", "a dog runs")[0], [
    { text: "a ", same: true },
    { text: "red cat", same: false },
    { text: " runs", same: true },
  ]);
});

function step(number, epoch, rate = 100) {
  return {
    event: "step",
    step: number,
    epoch,
    steps: 10,
    loss: 5 / number,
    tokens_per_second: rate,
    learning_rate: 0.001,
    gradient_norm: null,
  };
}

function validated(number, epoch, seconds, best = true) {
  const scores = epoch === 1 ? { bleu: 10 } : { bleu: 20, chrf: 40 };
  return {
    event: "validated",
    step: number,
    epoch,
    train_loss: 2,
    validation_loss: 3 / epoch,
    scores,
    samples: [],
    best,
    epoch_seconds: seconds,
  };
}

const STARTED = { event: "started", step: 0, epochs: 4, steps_per_epoch: 30, parameters: 7 };
const ROWS = [
  STARTED,
  ...[step(10, 1), step(20, 1, 50), step(30, 1), validated(30, 1, 40)],
  ...[step(40, 2), step(50, 2), step(60, 2), validated(60, 2, 60, false), step(70, 3)],
];

test("the times of an epoch's steps are its seconds, in proportion to what each took", () => {
  const { steps, validations } = elapsedSeconds(progressOf(ROWS));
  assert.deepEqual(
    steps.map((each) => Math.round(each)),
    [10, 30, 40, 60, 80, 100, 120],
  );
  assert.deepEqual(
    validations.map((each) => Math.round(each)),
    [40, 100],
  );
  assert.equal(elapsedSeconds(progressOf(ROWS.slice(0, 4))), null);
});

test("what is left takes as long as the last rows did", () => {
  const progress = progressOf([STARTED, step(10, 1), step(20, 1), step(30, 1), validated(30, 1, 60)]);
  assert.equal(stepOf(progress), 30);
  assert.ok(Math.abs(secondsLeft(progress) - 180) < 1e-9);
  const early = progressOf([STARTED, step(10, 1)]);
  assert.equal(secondsLeft(early), null);
  assert.equal(secondsLeft(early, { seconds: 5, steps: 0 }), null);
  assert.equal(secondsLeft(early, { seconds: 20, steps: 10 }), 220);
  const finished = progressOf([...ROWS, { event: "finished", step: 70, reason: "stopped", best_epoch: 1, seconds: 9 }]);
  assert.equal(secondsLeft(finished), null);
  assert.equal(secondsLeft(progressOf([])), null);
});

test("places are steps, epochs or seconds", () => {
  const progress = progressOf(ROWS);
  assert.deepEqual(places(progress, "steps").validations, [30, 60]);
  assert.deepEqual(places(progress, "epochs").validations, [1, 2]);
  assert.deepEqual(places(progressOf([]), "epochs"), null);
  assert.equal(places(progress, "time").steps.length, 7);
});

test("each curve has a line for each run, and the loss two", () => {
  const run = { name: "one", progress: progressOf(ROWS) };
  const runs = [
    { ...run, places: places(run.progress, "steps") },
    { ...run, places: null },
  ];
  const scores = scoreNames([run.progress]);
  assert.deepEqual(scores, ["bleu", "chrf"]);
  for (const curve of CURVES) {
    const lines = linesOf(curve, runs, { score: "chrf", train: "training", validation: "validation" });
    assert.equal(lines.length, curve === "loss" ? 2 : 1);
    for (const { x, y } of lines) assert.equal(x.length, y.length);
  }
  assert.deepEqual(linesOf("score", runs, { score: "chrf" })[0].y, [null, 40]);
  assert.deepEqual(epochRows([run], scores)[1], ["one", 1, 30, 2, 3, 10, null, 40, "best"]);
});

test("lines over one row of places keep their values", () => {
  const lines = [
    { x: [1, 3], y: [5, 6] },
    { x: [2, 3], y: [7, null] },
  ];
  assert.deepEqual(joined(lines, [0, 4]), [
    [0, 1, 2, 3, 4],
    [null, 5, null, 6, null],
    [null, null, 7, null, null],
  ]);
  assert.deepEqual(
    [0, 1, 2.5, 9].map((place) => valueAt(lines[0], place)),
    [null, 5, 5, 6],
  );
  assert.equal(valueAt(lines[1], 9), 7);
  assert.deepEqual(rangeOf({ y: [null, 3, 1, 2] }), { first: 3, last: 2, least: 1, most: 3 });
  assert.equal(rangeOf({ y: [null] }), null);
});

test("marks of an axis are round and within it", () => {
  assert.deepEqual(ticks({ min: 0, max: 10 }, 5, false), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks({ min: 0.31, max: 0.58 }, 5, false), [0.4, 0.5]);
  assert.deepEqual(ticks({ min: 0.5, max: 11 }, 4, true), [0.5, 1, 2, 5, 10]);
});

test("numbers and times are short", () => {
  assert.deepEqual([1234.5, 0.5, 1, 2e-6, null, NaN].map(figure), ["1,235", "0.500", "1.00", "2.00E-6", "–", "–"]);
  assert.deepEqual([1234.5, 0.5, 1, 0].map(tick), ["1,235", "0.5", "1", "0"]);
  assert.deepEqual([0, 59.6, 725, 3 * 3600 + 7 * 60, null].map(clock), ["0:00", "1:00", "12:05", "3:07:00", "–"]);
});

test("epochs of samples are those asked for, and step together", () => {
  const epochs = [1, 2, 4, 5, 9];
  assert.deepEqual(shownEpochs(epochs, "9,2,77"), [2, 9]);
  assert.deepEqual(shownEpochs(epochs, null), [1, 4, 9]);
  assert.deepEqual(shownEpochs([3], "x"), [3]);
  assert.deepEqual(shownEpochs([], "1"), []);
  assert.deepEqual(stepped(epochs, [1, 4], 1), [2, 5]);
  const last = [4, 9];
  assert.equal(stepped(epochs, last, 1), last);
});

test("the run that trains and was written last is shown, unless the address names some", () => {
  const runs = [
    { name: "a,b", state: "finished", updated: "2026-03" },
    { name: "c", state: "training", updated: "2026-01" },
    { name: "d", state: "training", updated: "2026-02" },
  ];
  assert.deepEqual(chosenRuns(runs, null), ["d"]);
  assert.deepEqual(chosenRuns(runs, `c,gone,${encodeURIComponent("a,b")}`), ["c", "a,b"]);
  assert.deepEqual(chosenRuns(runs, "%"), ["d"]);
  assert.deepEqual(chosenRuns([], "c"), []);
  const damaged = { name: "e", state: "damaged", updated: "2026-04" };
  assert.deepEqual(chosenRuns([damaged, runs[0]], null), ["a,b"]);
});

/** An interface that gives so many rows at once. */
function serverOf(file, atOnce) {
  return {
    file,
    asked: [],
    async get(path) {
      const after = Number(path.split("after=")[1]);
      this.asked.push(after);
      if (after > this.file.length) return { rows: [], next: 0, restarted: true };
      return {
        rows: this.file.slice(after, after + atOnce),
        next: Math.min(after + atOnce, this.file.length),
        restarted: false,
      };
    },
  };
}

test("a feed reads on until nothing comes, and begins anew where the file has", async () => {
  const server = serverOf([...ROWS], 4);
  const first = await readOn(server, "one", emptyFeed());
  assert.deepEqual(first.rows, ROWS);
  assert.equal(await readOn(server, "one", first), first);
  server.file.push(step(80, 3));
  const second = await readOn(server, "one", first);
  assert.deepEqual(second.rows, server.file);
  server.file = ROWS.slice(0, 3);
  assert.deepEqual(await readOn(server, "one", second), { rows: ROWS.slice(0, 3), next: 3 });
});

test("sources and references come as lines, or with tabs between", () => {
  assert.deepEqual(textLines("\ufeffa\r\nb\n\nc\n"), ["a", "b", "", "c"]);
  assert.deepEqual(pairsOf("a\tb\nc\td\n"), { sources: ["a", "c"], references: ["b", "d"] });
  assert.deepEqual(pairsOf("a\tb\nc"), { sources: ["a", "c"], references: null });
  assert.deepEqual(chosenPairs("a\nb\n", "A\nB\n"), { sources: ["a", "b"], references: ["A", "B"] });
  assert.deepEqual(chosenPairs("a\nb", "A"), { problem: "compare.not_paired", values: { sources: 2, references: 1 } });
  assert.equal(chosenPairs(" \n", "").problem, "compare.no_source");
});

test("rows come in the order asked for", () => {
  const rows = [
    { first: "a", second: "a", first_score: 10, second_score: 10 },
    { first: "a", second: "b", first_score: 50, second_score: 20 },
    { first: "a", second: "c", first_score: 70, second_score: 90 },
  ];
  const numbers = (order, onlyDifferent = false) =>
    shownRows(rows, { order, onlyDifferent }).map(({ number }) => number);
  assert.deepEqual(numbers("file"), [1, 2, 3]);
  assert.deepEqual(numbers("file", true), [2, 3]);
  assert.deepEqual(numbers("difference"), [2, 3, 1]);
  assert.deepEqual(numbers("first"), [2, 1, 3]);
  assert.deepEqual(numbers("second"), [3, 1, 2]);
  assert.deepEqual(numbers("worst"), [1, 2, 3]);
  assert.deepEqual(numbers("best"), [3, 2, 1]);
  assert.deepEqual(numbers("nonsense"), [1, 2, 3]);
});

test("a difference is significant below one in twenty", () => {
  assert.equal(verdict({ p: 0.01 }, 30, 31), "compare.significant");
  assert.equal(verdict({ p: 0.2 }, 30, 31), "compare.chance");
  assert.equal(verdict({ p: 1 }, 30, 30), "compare.equal");
});
