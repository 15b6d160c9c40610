/** Tokenizers and codecs give what the Python ones give: cases.json. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Codec } from "../../src/tandem/web/codec.js";
import { Copying } from "../../src/tandem/web/copying.js";
import { FeaturesTokenizer, joinFeatures } from "../../src/tandem/web/features.js";
import { Tokenizer } from "../../src/tandem/web/tokenizer.js";

const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf-8"));
const tokenizers = Object.fromEntries(
  Object.entries(cases.tokenizers).map(([name, { saved, ...settings }]) => [name, new Tokenizer(saved, settings)]),
);

for (const { tokenizer: name, text, ids, back, pieces } of cases.texts) {
  test(`${name}: ${JSON.stringify(text)}`, () => {
    const tokenizer = tokenizers[name];
    assert.deepEqual(
      tokenizer.pieces(text).map((piece) => piece.text),
      pieces,
    );
    assert.deepEqual(tokenizer.encode(text), ids);
    assert.equal(tokenizer.decode(ids), back);
  });
}

function codecOf({ source, target, features, reverse, copy }) {
  const own = features ? new FeaturesTokenizer(tokenizers[source], tokenizers[features]) : tokenizers[source];
  return new Codec(own, tokenizers[target], reverse, copy ? new Copying(own, tokenizers[target]) : null);
}

for (const { text, ids, cut, copied, numbers, read, ...settings } of cases.codecs) {
  test(`codec ${JSON.stringify(settings)}: ${JSON.stringify(text.slice(0, 40))}`, () => {
    const codec = codecOf(settings);
    const source = codec.encodeSource(text);
    assert.deepEqual(source.ids, ids);
    assert.equal(source.cut, cut);
    assert.deepEqual(source.pieces, copied);
    assert.deepEqual(source.tokens.length, ids.length);
    if (numbers) {
      assert.deepEqual(codec.copying.numbersOf(ids), numbers);
      assert.deepEqual(codec.copying.readByEncoder(ids), read);
    }
  });
}

test("a long piece is cut, too", () => {
  const text = "ein".repeat(10_000);
  assert.equal(tokenizers.bpe.decode(tokenizers.bpe.encode(text)), text);
});

test("an output is cut where its tokens are too long together", () => {
  const word = tokenizers["few words"];
  const ids = word.encode("hund hund hund");
  assert.deepEqual(word.beginning(ids, 10), ids.slice(0, 2)); // ▁hund is of five characters
  assert.equal(word.decode([...ids.slice(0, 1), word.size], ["▁Zug"]), "hund Zug");
});

test("features stand behind a tab", () => {
  assert.equal(joinFeatures("a\tb", "N;PL"), "a b\tN;PL");
  assert.equal(joinFeatures("Hund", " "), "Hund");
  assert.equal(joinFeatures(" ", "N"), " ");
});
