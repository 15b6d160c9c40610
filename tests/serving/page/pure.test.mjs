/** What the page computes without touching a document. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  changeParameters,
  formatAddress,
  parseAddress,
  sharedParameters,
  wholeNumber,
} from "../../../src/tandem/serving/page/address.js";
import { ApiError, createApi, latest } from "../../../src/tandem/serving/page/api.js";
import {
  countsAt,
  layoutTree,
  neighbour,
  pathTo,
  SIZES,
  statesAt,
} from "../../../src/tandem/serving/page/beam_layout.js";
import { csv } from "../../../src/tandem/serving/page/saving.js";
import { LANGUAGES, number, setLanguage, t, texts } from "../../../src/tandem/serving/page/texts.js";
import {
  alignTokens,
  cutText,
  forcedCount,
  markUnknown,
  roughWidth,
  shownToken,
} from "../../../src/tandem/serving/page/tokens.js";
import { largest, linksOf, matrixRows, strongest } from "../../../src/tandem/serving/page/word_links.js";

const PAGE = new URL("../../../src/tandem/serving/page/", import.meta.url);

globalThis.localStorage = { getItem: () => null, setItem: () => {} };

test("an address holds a view's state whatever the text is", () => {
  for (const text of ["", "Ein Hund.", "a&b=c#d?e\nf +g", "狗 %20", '"<x>"']) {
    const address = formatAddress("beam", new URLSearchParams({ text, beam: "5" }));
    const { id, parameters } = parseAddress(address);
    assert.equal(id, "beam");
    assert.deepEqual(Object.fromEntries(parameters), { text, beam: "5" });
  }
  assert.equal(formatAddress("words", new URLSearchParams()), "#words");
  assert.deepEqual({ ...parseAddress(""), parameters: null }, { id: "", parameters: null });
});

test("changed parameters leave the others, and nothing takes one away", () => {
  const parameters = new URLSearchParams("text=a&beam=5&n=2");
  changeParameters(parameters, { beam: 3, n: null, model: "", text: undefined });
  assert.equal(parameters.toString(), "beam=3");
  const shared = sharedParameters(new URLSearchParams("text=a&beam=5&model=m"));
  assert.equal(shared.toString(), "text=a&model=m");
});

test("a number of an address is kept within bounds, and nonsense is not taken", () => {
  const bounds = { least: 1, most: 10, otherwise: 5 };
  const read = (text) => wholeNumber(new URLSearchParams({ beam: text }), "beam", bounds);
  assert.deepEqual(["3", "0", "99", "", "-1", "1e9", "1.5", "x"].map(read), [3, 1, 10, 5, 5, 5, 5, 5]);
});

test("CSV is quoted where it must be, and no cell is a formula", () => {
  const rows = [
    ["a", 'say "x"', "b,c", "d\ne"],
    [1.5, null, -2, "=1+1"],
    ["-x", "@y", undefined, ""],
  ];
  assert.equal(csv(rows), 'a,"say ""x""","b,c","d\ne"\r\n1.5,,-2,\'=1+1\r\n\'-x,\'@y,,\r\n');
});

test("every text is there in every language, with the same values", () => {
  const names = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  const languages = Object.keys(LANGUAGES);
  for (const [key, english] of Object.entries(texts.en)) {
    for (const language of languages) {
      assert.ok(texts[language][key]?.trim(), `${key} in ${language}`);
      assert.deepEqual(names(texts[language][key]), names(english), `${key} in ${language}`);
    }
  }
  setLanguage("de");
  assert.equal(t("translate.begins", { prefix: "a {b}" }), "Beginnt mit „a {b}“");
  assert.throws(() => t("no.such"), /no\.such/);
  setLanguage("en");
});

test("a number that is shown as zero has no sign", () => {
  assert.deepEqual(
    [-0.004, -0.006, 0.004, null].map((value) => number(value)),
    ["0.00", "−0.01", "0.00", "–"],
  );
});

test("tokens are found in the text that they make", () => {
  const shown = (text, tokens) => alignTokens(text, tokens).map(({ before, shown }) => [before, shown]);
  assert.deepEqual(shown("A dog runs.", ["▁a", "▁dog", "▁runs", "."]), [
    ["", "A"],
    [" ", "dog"],
    [" ", "runs"],
    ["", "."],
  ]);
  assert.deepEqual(shown("un do", ["▁un", "▁d", "o"]), [
    ["", "un"],
    [" ", "d"],
    ["", "o"],
  ]);
  // What a text does not show as it was written is shown as tokens.
  assert.deepEqual(shown("A Zoë", ["▁a", "<unk>"]), [
    ["", "a"],
    [" ", "<unk>"],
  ]);
  assert.deepEqual(shown("a dog b", ["▁a", "▁b"]), [
    ["", "a"],
    [" ", "b"],
  ]);
  assert.equal(shownToken("▁"), "␣");
});

test("the words of a prefix are those that were forced", () => {
  const text = "A small dog.";
  const aligned = alignTokens(text, ["▁a", "▁small", "▁dog", "."]);
  const counts = ["", "a", "a small", "A SMALL ", "a smal", "b", "a small dog.", "a small dog. and"];
  assert.deepEqual(
    counts.map((prefix) => forcedCount(aligned, text, prefix)),
    [0, 1, 2, 2, 1, 0, 4, 0],
  );
});

test("unknown words are marked as words, and unknown characters anywhere", () => {
  const marked = (text, pieces) =>
    markUnknown(text, pieces)
      .map((part) => (part.isUnknown ? `[${part.text}]` : part.text))
      .join("");
  assert.equal(marked("Zoë und Zoëlein, zoë", ["▁zoë"]), "[Zoë] und Zoëlein, [zoë]");
  assert.equal(marked("a§b§", ["§"]), "a[§]b[§]");
  assert.equal(marked("(x) a.c abc", ["a.c", "(x)"]), "[(x)] [a.c] abc");
  assert.equal(marked("as it is", []), "as it is");
});

test("a text is cut to a width and not in the middle of a letter", () => {
  assert.equal(cutText("dog", 100, 13), "dog");
  const cut = cutText("Donaudampfschiff", 60, 13);
  assert.ok(cut.endsWith("…") && roughWidth(cut, 13) <= 60, cut);
  assert.equal(cutText("😀😀😀😀", 22, 13), "😀…");
});

/** Two hypotheses: "a" wins, "b" ends worse, "c" is pruned at once, and "d" is still live at the end. */
const TRACE = {
  nodes: [
    [0, null, 0, "<sos>", "live", "", 0],
    [1, 0, 1, "a", "live", "", 0],
    [2, 0, 1, "b", "live", "", 1],
    [3, 0, 1, "c", "pruned", "beam", 2],
    [4, 1, 2, "<eos>", "complete", "", 0],
    [5, 2, 2, "<eos>", "pruned", "worse", 1],
    [6, 1, 2, "d", "pruned", "end", 2],
    [7, 2, 2, "e", "pruned", "beam", 3],
  ].map(([id, parent, step, token, fate, reason, place]) => ({ id, parent, step, token, fate, reason, place })),
  results: [4],
  steps: 3,
};

test("what becomes of a node is known only as far as the search has come", () => {
  const states = (step) => Object.fromEntries(statesAt(TRACE, step));
  assert.deepEqual(states(0), { 0: "root" });
  assert.deepEqual(states(1), { 0: "root", 1: "live", 2: "live", 3: "pruned" });
  const second = { 0: "root", 1: "past", 2: "past", 3: "pruned", 4: "complete", 5: "complete", 6: "live", 7: "pruned" };
  assert.deepEqual(states(2), second);
  const last = { 0: "root", 1: "result", 2: "dead", 3: "pruned", 4: "result", 5: "pruned", 6: "pruned", 7: "pruned" };
  assert.deepEqual(states(3), last);
  assert.deepEqual(countsAt(TRACE, statesAt(TRACE, 2), 2), { live: 1, complete: 2, pruned: 1 });
});

test("nodes stand in the columns of their steps, the best on top, and none lies over another", () => {
  const { boxes, columns, width, height } = layoutTree(TRACE);
  for (const { id, step, place } of TRACE.nodes) {
    const box = boxes.get(id);
    assert.equal(box.x, columns[step].x);
    assert.equal(box.y, SIZES.top + place * SIZES.row);
    assert.ok(box.x + box.width <= width && box.y + box.height <= height);
  }
  for (let step = 1; step < columns.length; step += 1) {
    assert.ok(columns[step].x >= columns[step - 1].x + columns[step - 1].width + SIZES.gap);
  }
  assert.ok(SIZES.row > SIZES.node);
});

test("arrow keys go along the tree", () => {
  const states = statesAt(TRACE, 3);
  const from = (id, key) => neighbour(TRACE, states, id, key);
  assert.deepEqual(
    [from(4, "ArrowLeft"), from(0, "ArrowLeft"), from(0, "ArrowRight"), from(2, "ArrowRight")],
    [1, null, 1, 5],
  );
  assert.deepEqual(
    [from(1, "ArrowDown"), from(1, "ArrowUp"), from(3, "ArrowDown"), from(4, "ArrowRight")],
    [2, null, null, null],
  );
  assert.deepEqual(pathTo(TRACE.nodes, 6), [0, 1, 6]);
});

test("ties between words: the strongest speaks for its word, and the faint have no line", () => {
  const matrix = [
    [0.5, -2, null],
    [-1, 0, -0.1],
  ];
  assert.equal(largest(matrix), 2);
  assert.deepEqual(matrix.map(strongest), [0, null]);
  assert.deepEqual(
    linksOf(matrix, 0.2).map(({ target, source, strength }) => [target, source, strength]),
    [
      [0, 0, 0.25],
      [1, 0, 0.5],
      [0, 1, 1],
    ],
  );
  assert.deepEqual(linksOf([[0, null]], 0), []);
  assert.deepEqual(matrixRows(["x", "y", "z"], ["a", "b"], matrix)[1], ["a", 0.5, -2, null]);
});

function answers(...all) {
  const sent = [];
  const send = async (url, options) => {
    sent.push({ url: String(url), token: options.headers.Authorization ?? null, body: options.body });
    const [status, content] = all.shift();
    return { status, ok: status < 400, json: async () => content ?? JSON.parse("") };
  };
  return { sent, send };
}

function storage() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
}

test("a token is asked for once, kept, and asked for again when it is refused", async () => {
  const { sent, send } = answers([401, {}], [401, {}], [200, { a: 1 }], [200, { a: 2 }]);
  const asked = [];
  const tokens = ["wrong", "right"];
  const askToken = async (wasRefused) => (asked.push(wasRefused), tokens.shift());
  const api = createApi({ base: "http://host/under/", askToken, storage: storage(), send });
  assert.deepEqual(await api.post("v1/x", { b: 1 }), { a: 1 });
  assert.deepEqual(await api.get("v1/y"), { a: 2 });
  assert.deepEqual(asked, [false, true]);
  assert.deepEqual(
    sent.map(({ token }) => token),
    [null, "Bearer wrong", "Bearer right", "Bearer right"],
  );
  assert.equal(sent[0].url, "http://host/under/v1/x");
  assert.equal(sent[0].body, '{"b":1}');
});

test("an error says what the server said, or that there is none", async () => {
  const failure = { error: { code: "too_long", message: "The text is too long." } };
  const { send } = answers([422, failure], [502], [401, {}]);
  const api = createApi({ base: "http://host/", askToken: async () => null, storage: storage(), send });
  await assert.rejects(api.get("a"), { status: 422, code: "too_long", message: "The text is too long." });
  await assert.rejects(api.get("a"), { status: 502, code: "not_json" });
  await assert.rejects(api.get("a"), { status: 401 });
  const away = createApi({
    base: "http://host/",
    askToken: null,
    storage: storage(),
    send: async () => {
      throw new TypeError("x");
    },
  });
  await assert.rejects(away.get("a"), (error) => error instanceof ApiError && error.code === "unreachable");
});

test("only the latest answer is used", async () => {
  const { run } = latest();
  const used = [];
  const failed = [];
  const ends = [];
  const ask = () => new Promise((resolve, reject) => ends.push({ resolve, reject }));
  const runs = [0, 1, 2].map(() =>
    run(
      ask,
      (value) => used.push(value),
      (error) => failed.push(error),
    ),
  );
  ends[1].reject(new Error("late"));
  ends[2].resolve("new");
  ends[0].resolve("old");
  await Promise.all(runs);
  assert.deepEqual([used, failed], [["new"], []]);
});

/** Relative luminance and contrast, as WCAG 2.2 has them. */
function luminance(hex) {
  const [red, green, blue] = [1, 3, 5].map((place) => {
    const share = parseInt(hex.slice(place, place + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [most, least] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (most + 0.05) / (least + 0.05);
}

test("letters can be read on what they stand on, in light and dark", () => {
  const css = ["style.css", "styles/words.css"].map((name) => readFileSync(new URL(name, PAGE), "utf-8")).join("");
  const colours = [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, ...pair]) => [
    name,
    pair,
  ]);
  const known = Object.fromEntries(colours);
  const pairs = [
    ...["ink", "soft", "accent", "second", "good", "wrong"].flatMap((ink) =>
      ["paper", "card"].map((paper) => [ink, paper, 4.5]),
    ),
    ...["tint", "sunk"].flatMap((paper) => [
      ["ink", paper, 4.5],
      ["soft", paper, 4.5],
      ["accent", paper, 4.5],
    ]),
    ["on-accent", "accent", 4.5],
    ["ink", "shade", 4.5],
    ["ink", "shade-against", 4.5],
    ["edge", "card", 3],
    ["edge", "paper", 3],
  ];
  for (const [ink, paper, least] of pairs) {
    for (const scheme of [0, 1]) {
      const value = contrast(known[ink][scheme], known[paper][scheme]);
      assert.ok(value >= least, `${ink} on ${paper} in ${scheme ? "dark" : "light"}: ${value.toFixed(2)}`);
    }
  }
});
