"""Decoding: sentences a second, text in and text out, and the time of a token."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import torch

from benchmarks import tutorial
from benchmarks.corpora import MeasuredCorpus
from benchmarks.plan import Plan
from benchmarks.rounds import Figures, Turn, alternate, compare, evenly, percentile, rounded
from benchmarks.same import DifferentError
from benchmarks.sides import DTYPES, Precision, plain_model, processor_precisions, tandem_model
from benchmarks.tables import Table, number, percent, times
from tandem import Translator, load
from tandem.batches import pad_sentences
from tandem.engines.members import Member
from tandem.exported import write_export
from tandem.metrics import bleu
from tandem.model_files import ModelFiles
from tandem.model_recipes import recipe_of
from tandem.models import Seq2Seq
from tandem.models.prefixes import prefix_tree
from tandem.names import ExportPrecision
from tandem.recipe import Search
from tandem.text import EOS_ID, PAD_ID, SOS_ID, UNK_ID
from tandem.text.codec import frame
from tandem.translation.constructors import translator_from_members
from tandem.translation.messages import Translation
from tandem.translation.settings import SearchSettings

BEAM = 5


def measure_decoding(plan: Plan, corpus: MeasuredCorpus, run: Path | None) -> Figures:
    """Rates of the tutorial's greedy loop, one sentence at a time, and of Tandem in batches and one at a time.

    Tandem's sides are PyTorch, with as many threads as the tutorial's loop, and exports, which have one thread each.

    With a run of `recipes/multi30k-tutorial.toml` its weights are measured, and BLEU is taken. Without one the weights
    are random and every output has the same length on both sides.
    """
    translators = make_translators(plan, corpus, run)
    first = translators["float32"]
    one_by_one = OneByOne(first)
    exports = exported(first)
    sides = {str(name): translator for name, translator in translators.items()} | exports
    texts = [source for source, _ in corpus.test][: plan.tandem_sentences]
    sample, single = evenly(texts, plan.tutorial_sentences), evenly(texts, plan.single_sentences)
    for translator in (first, exports["export float32"]):
        check_same_translations(translator, one_by_one, sample)

    pace = {"tutorial": Pace(one_by_one.translate, sample)}
    turns: dict[str, Turn] = {"tutorial": pace["tutorial"].turn}
    for side, translator in sides.items():
        for name, beam in (("greedy", 1), (f"beam {BEAM}", BEAM)):
            turns[f"{side} {name}"] = batched(translator, texts, translator.search_settings(beam=beam))
        pace[f"{side} one at a time"] = Pace(one_at_a_time(translator), single)
        turns[f"{side} one at a time"] = pace[f"{side} one at a time"].turn
    rates = alternate(turns, plan.alternations)
    figures: Figures = {
        "unit": "sentences/s",
        "weights": "trained" if run else f"random, {plan.output_length} tokens an output",
        "sentences": len(texts),
        "tutorial_sample": len(sample),
        "single_sample": len(single),
        "batch_size": first.search_settings().batch_size,
        "threads": {name: 1 if name.startswith("export") else torch.get_num_threads() for name in turns},
        "rates": compare(rates, "tutorial"),
        "ms_per_token": {name: measured.figures(plan.alternations) for name, measured in pace.items()},
    }
    figures["reading"] = _reading(first, texts)
    if run:
        figures["quality"] = _quality(sides, corpus)
    return figures


def _reading(translator: Translator, texts: list[str]) -> Figures:
    """Steps that the encoder takes for these texts, in batches of sources of like length."""
    sources = sorted(
        (
            frame(translator.source_tokenizer.encode(text), reverse=translator.recipe.text.reverse_source)
            for text in texts
        ),
        key=len,
    )
    size = translator.search_settings().batch_size
    batches = [pad_sentences(sources[start : start + size]) for start in range(0, len(sources), size)]
    return {
        "padded": sum(source.numel() for source, _ in batches),
        "tokens": sum(int(lengths.sum()) for _, lengths in batches),
        "distinct beginnings": sum(len(prefix_tree(*batch).tokens) for batch in batches),
    }


def make_translators(plan: Plan, corpus: MeasuredCorpus, run: Path | None) -> dict[Precision, Translator]:
    """In each precision that the processor computes in, with a run's weights or, without one, with random ones."""
    if run is None:
        return _untrained(plan, corpus)
    return {name: load(run, device="cpu", precision=name) for name in processor_precisions()}


def _untrained(plan: Plan, corpus: MeasuredCorpus) -> dict[Precision, Translator]:
    """Translators of random weights, the same in each precision."""
    weights = plain_model(corpus.vocabularies, plan.sizes).state_dict()
    return {
        name: random_translator(tandem_model(corpus.vocabularies, plan.sizes, weights), plan, corpus, name)
        for name in processor_precisions()
    }


def exported(translator: Translator) -> dict[str, Translator]:
    """Exports of a translator's model in each precision, loaded as `tandem.load` does it: with one thread."""
    parts = translator.recipe, translator.source_tokenizer, translator.target_tokenizer
    weights = {name: weight.float().numpy() for name, weight in translator.model.state_dict().items()}
    sides = {}
    with TemporaryDirectory() as folder:
        for precision in get_args(ExportPrecision):
            # Not `tandem.export`, which compares log-probabilities: an untrained model's reach -1e9.
            write_export(Path(folder) / precision, ModelFiles(*parts), weights, precision)
            sides[f"export {precision}"] = load(Path(folder) / precision)
    return sides


def random_translator(model: Seq2Seq, plan: Plan, corpus: MeasuredCorpus, precision: Precision) -> Translator:
    """A translator whose outputs never end by themselves; the limit ends them."""
    with torch.no_grad():
        model.decoder.fc_out.bias[[UNK_ID, PAD_ID, SOS_ID, EOS_ID]] = -1e9
    recipe = recipe_of(model, corpus.source_tokenizer, corpus.target_tokenizer)
    search = Search(beam=1, max_length_factor=1e-9, max_length_extra=plan.output_length)
    return translator_from_members(
        [Member(model, recipe.model_copy(update={"search": search}))],
        corpus.source_tokenizer,
        corpus.target_tokenizer,
        device=torch.device("cpu"),
        dtype=DTYPES[precision],
    )


class OneByOne:
    """The tutorial's model and greedy loop with a translator's weights, tokens and limits."""

    def __init__(self, translator: Translator) -> None:
        words = len(translator.source_tokenizer), len(translator.target_tokenizer)
        weights = translator.model.state_dict()
        encoder = translator.model.encoder
        shape = (encoder.embedding.embedding_dim, encoder.hid_dim, encoder.n_layers, encoder.dropout.p)
        self._model = tutorial.Seq2Seq(tutorial.Encoder(words[0], *shape), tutorial.Decoder(words[1], *shape))
        self._model.load_state_dict(weights)
        self._model.eval()
        self._translator = translator

    def translate(self, text: str) -> tuple[str, int]:
        """The translation of one sentence, and the steps it took: its tokens, and `<eos>` unless the limit cut it."""
        translator, limits = self._translator, self._translator.recipe.search
        words = translator.source_tokenizer.encode(text)
        source, _ = pad_sentences([frame(words, reverse=translator.recipe.text.reverse_source)])
        longest = int(len(words) * limits.max_length_factor) + limits.max_length_extra
        ids = tutorial.translate(self._model, source, sos=SOS_ID, eos=EOS_ID, longest=longest)
        return translator.target_tokenizer.decode(ids), min(len(ids) + 1, longest)


def one_at_a_time(translator: Translator) -> Callable[[str], tuple[str, int]]:
    """Tandem's greedy search, as `OneByOne.translate`."""
    settings = translator.search_settings(beam=1)

    def translate(text: str) -> tuple[str, int]:
        (found,) = translator.translate([text], settings)
        return found.text, len(found.token_scores)

    return translate


def batched(translator: Translator, texts: list[str], settings: SearchSettings) -> Turn:
    """A turn of translating all texts together."""
    return lambda: len(translator.translate(texts, settings))


class Pace:
    """A way to translate one sentence at a time, and the seconds a token that each sentence took."""

    def __init__(self, translate: Callable[[str], tuple[str, int]], texts: list[str]) -> None:
        self._translate = translate
        self._texts = texts
        self._seconds: list[float] = []

    def turn(self) -> float:
        """Translate all sentences; how many there are."""
        for text in self._texts:
            began = time.perf_counter()
            _, tokens = self._translate(text)
            self._seconds.append((time.perf_counter() - began) / tokens)
        return len(self._texts)

    def figures(self, rounds: int) -> Figures:
        """Milliseconds a token over the sentences of the last `rounds` turns: the median, and what 99 % stay below."""
        kept = self._seconds[-rounds * len(self._texts) :]
        return {f"p{round(100 * share)}": rounded(1000 * percentile(kept, share)) for share in (0.5, 0.99)}


def check_same_translations(translator: Translator, one_by_one: OneByOne, texts: list[str]) -> None:
    """Raise DifferentError unless Tandem's greedy search in float32 writes what the tutorial's loop writes."""
    settings = translator.search_settings(beam=1, allow_unk=True)
    for text, found in zip(texts, translator.translate(texts, settings), strict=True):
        expected, _ = one_by_one.translate(text)
        if found.text != expected:
            raise DifferentError(f"of {text!r} Tandem makes {found.text!r}, and the tutorial's loop {expected!r}")


def _quality(sides: dict[str, Translator], corpus: MeasuredCorpus) -> Figures:
    """BLEU of each side, and the share of sentences that come out otherwise than in float32."""
    references = [[target] for _, target in corpus.test]
    quality: Figures = {}
    for name, beam in (("greedy", 1), (f"beam {BEAM}", BEAM)):
        texts: dict[str, list[str]] = {}
        for side, translator in sides.items():
            found: list[Translation] = translator.translate(
                [source for source, _ in corpus.test], translator.search_settings(beam=beam)
            )
            texts[side] = [translation.text for translation in found]
            score = bleu(texts[side], references, lowercase=True)
            differing = sum(a != b for a, b in zip(texts[side], texts["float32"], strict=True))
            quality[f"{side} {name}"] = {
                "bleu": round(score.value, 2),
                "signature": score.signature,
                "differing": rounded(differing / len(references)),
            }
    return quality


def decoding_tables(figures: Figures) -> list[Table]:
    """Rates, times of a token, and quality where it was measured.

    Figures of before there were exports do not tell the threads.
    """
    rates, pace, threads = figures["rates"], figures["ms_per_token"], figures.get("threads")
    rows = [
        [
            name,
            *([str(threads[name])] if threads else []),
            number(row["median"]),
            times(row["ratio"]),
            *(number(pace[name][p]) if name in pace else "" for p in _PACES),
        ]
        for name, row in rates.items()
    ]
    title = f"Decoding of {figures['sentences']:,} sentences, weights {figures['weights']}"
    columns = ("sentences/s", "× tutorial", "ms/token, median", "99 % below")
    tables = [Table(title, ("side", *(["threads"] if threads else []), *columns), rows)]
    if "reading" in figures:
        read = [[what, number(steps)] for what, steps in figures["reading"].items()]
        tables.append(Table("What the encoder has to read, in steps", ("what", "steps"), read))
    if "quality" in figures:
        quality = [[name, f"{row['bleu']:.2f}", percent(row["differing"])] for name, row in figures["quality"].items()]
        headings = ("side", "BLEU", "sentences other than in float32")
        tables.append(Table("What it writes, lower-cased", headings, quality))
    return tables


_PACES = ("p50", "p99")
