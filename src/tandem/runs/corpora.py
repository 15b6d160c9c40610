"""The corpora of a run, prepared for training: once, since the cache keeps them under their content."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tandem.batches import Batches
from tandem.build import build_bpe_dropouts, build_tokenizers
from tandem.corpora.corpus_kind import CorpusKind
from tandem.corpora.memory import InMemory, MemoryCorpus
from tandem.corpora.pairs import Corpus, Dropped, LoadedPairs, Pair, good_pairs, load_pairs
from tandem.errors import RecipeError
from tandem.files.lines import check_read_again
from tandem.model_files import read_model_files, sizes_of
from tandem.model_paths import checkpoint_of, is_run
from tandem.preparation.cache import Prepared, default_cache
from tandem.preparation.chunks import Chunk, Encoding
from tandem.preparation.contents import Contents
from tandem.preparation.encoded import EncodedCorpus, EncodedSide
from tandem.preparation.preparation import prepare_corpus
from tandem.preparation.sources import Sources, Tokens
from tandem.recipe import Data, Recipe, Search, load_recipe
from tandem.terminal import Notify, OnProgress
from tandem.text import Tokenizer
from tandem.text.copying import Copying, CopyTable
from tandem.text.counts import WordCounts

_LOOKED_AT = 200_000  # the number of pairs from which a recipe is chosen
_CUT = 0.01  # the share of training targets beyond the output's limit above which a warning is given
_BLOCK = 2**13  # the number of pairs that are looked at together
_MOST_LOOKED_AT = 2**20  # the most training pairs that warnings are computed from


class GivenPairs(NamedTuple):
    """Pairs from a Python program, for corpora of the kind `memory`."""

    train: Sequence[tuple[str, str]] | None = None
    validation: Sequence[tuple[str, str]] | None = None
    test: Sequence[tuple[str, str]] | None = None


@dataclass(frozen=True)
class PreparedCorpus:
    """What the training loop and the validation read."""

    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    train: Batches
    validation: Batches
    validation_pairs: list[Pair]
    messages: list[str]
    reverse_source: bool  # whether the ids of the sources go from the last token to the first
    key: str  # identifies the content of the corpora and how they were prepared
    folder: Path  # where it lies in the cache
    files: Mapping[str, Sequence[tuple[str, str]]]  # name and SHA-256 of each file, under "train" and "validation"


def prepare_corpora(
    recipe: Recipe,
    given: GivenPairs | None = None,
    *,
    tokenizers: tuple[Tokenizer, Tokenizer] | None = None,
    verify: bool = False,
    on_progress: OnProgress = lambda *_: None,
    notify: Notify = lambda _: None,
) -> PreparedCorpus:
    """Return the recipe's corpora as batches of ids, and their tokenizers: the given ones, or learnt from the corpora.

    `verify` hashes files again even if their size and time stamp are known.
    """
    text = recipe.text
    sources = _find_sources(recipe, given)

    def learn(source: WordCounts, target: WordCounts) -> tuple[Tokenizer, Tokenizer]:
        return build_tokenizers(text, source, target)

    # What is done to the ids when they are trained on makes no other corpus.
    parts = (text.source, text.target, text.features)
    sides = [part.model_dump(exclude={"bpe_dropout"}) for part in parts if part is not None]
    described = [*sides, *(["joint"] if text.joint else [])]

    def prepared(tokens: Tokens) -> Prepared:
        return prepare_corpus(sources, tokens, default_cache(), verify=verify, on_progress=on_progress, notify=notify)

    copying = recipe.model.copy
    result = prepared(Tokens(described, learn, text.reverse_source, copying))
    key = result.folder.name
    if tokenizers and [t.to_json() for t in tokenizers] != [t.to_json() for t in result.tokenizers]:
        given_ones = [hashlib.sha256(tokenizer.to_json().encode()).hexdigest() for tokenizer in tokenizers]
        result = prepared(Tokens([*described, *given_ones], lambda *_: tokenizers, text.reverse_source, copying))
    source, target = result.tokenizers
    table = copy_table(recipe, source, target)
    train = _training_batches(recipe, result, table)
    messages = [
        *result.messages,
        f"vocabulary: {text.sizes(*sizes_of(source, target))}",
        f"{len(result.train):,} training pairs in {len(train):,} batches; "
        f"padding is {100 * train.padding_share():.1f} % of them",
    ]
    messages += _cut_targets(recipe.search, result.train)
    if table is not None:
        messages += _nothing_copied(result.train, table)
    validation = Batches(result.validation, 64, recipe.seed, shuffle=False, copying=table)
    reverse = text.reverse_source
    return PreparedCorpus(
        source, target, train, validation, result.validation_pairs, messages, reverse, key, result.folder, result.files
    )


def _find_sources(recipe: Recipe, given: GivenPairs | None) -> Sources:
    """Find the corpora to train and to validate on. RecipeError for features that the recipe has no tokens for."""
    data, text = recipe.data, recipe.text
    sources = Sources(
        train=find_corpus(data.train, data, given.train if given else None),
        validation=find_corpus(data.validation, data, given.validation if given else None) if data.validation else None,
        on_error=data.on_error,
        max_characters=data.max_characters,
        max_tokens=data.max_tokens,
        fraction=data.validation_fraction,
        at_most=data.validation_at_most,
        seed=recipe.seed,
        lowercase=text.source.lowercase,
        features=text.features is not None,
    )
    if text.features is None and (corpus := next((c for c in sources.corpora() if c.has_features), None)):
        raise RecipeError(
            f"{corpus.name}: features are read beside the sources, but the recipe has no tokens for them: add the "
            "section [text.features], or --set text.features.tokenizer=tags"
        )
    return sources


def _training_batches(recipe: Recipe, prepared: Prepared, copying: CopyTable | None) -> Batches:
    source_dropout, target_dropout = build_bpe_dropouts(recipe, *prepared.tokenizers)
    return Batches(
        prepared.train,
        recipe.training.batch_size,
        recipe.seed,
        workers=recipe.data.loader_workers,
        passes=recipe.training.passes,
        source_dropout=source_dropout,
        target_dropout=target_dropout,
        copying=copying,
    )


def _cut_targets(search: Search, corpus: EncodedCorpus) -> list[str]:
    """Return a warning where more than 1 % of the training targets are longer than an output may be."""
    cut = looked_at = 0
    for block in corpus.blocks(_BLOCK, _MOST_LOOKED_AT):
        # <sos> and <eos> do not count.
        source, target = (
            np.diff(side.offsets[block.start : block.stop + 1]) - 2 for side in (corpus.source, corpus.target)
        )
        cut += int((target > np.floor(source * search.max_length_factor) + search.max_length_extra).sum())
        looked_at += len(target)
    if cut <= _CUT * looked_at:
        return []
    return [
        f"warning: {100 * cut / looked_at:.1f} % of the training targets are longer than an output may be, which is "
        f"{search.max_length_factor:g} x the source's tokens + {search.max_length_extra}: raise "
        "search.max_length_factor or search.max_length_extra, or give --max-length-factor or --max-length-extra when "
        "you translate"
    ]


def copy_table(recipe: Recipe, source: Tokenizer, target: Tokenizer) -> CopyTable | None:
    """Return what a model that copies has to know of both vocabularies; None for another model."""
    return Copying(source, target).table if recipe.model.copy else None


def _nothing_copied(corpus: EncodedCorpus, table: CopyTable) -> list[str]:
    """Return a warning where no training target has an unknown word that stands in its source."""
    ids, offsets = corpus.target.ids, corpus.target.offsets
    for block in corpus.blocks(_BLOCK, _MOST_LOOKED_AT):
        if (ids[offsets[block.start] : offsets[block.stop]] >= table.target_size).any():
            return []
    return [
        "warning: model.copy is on, but no training target has a token that only its source has, so how to copy an "
        "unknown word cannot be learnt: raise text.source.min_count and text.target.min_count to 2 or more, so that "
        "rare words are unknown"
    ]


def find_corpus(choice: CorpusKind, data: Data, given: Sequence[tuple[str, str]] | None) -> Corpus:
    """Open a corpus; one of the kind `memory` has the given pairs. CorpusError where it can be read only once."""
    if isinstance(choice, MemoryCorpus) and given is not None:
        return InMemory(given)
    corpus = choice.open(data.folder)
    for path in corpus.files:
        check_read_again(path)
    return corpus


def training_corpus(path: Path) -> tuple[Corpus, Data]:
    """Open the corpus that the model at this path was trained on; return how its recipe reads it, too.

    The recipe is that of the run, also for a checkpoint inside it: a checkpoint's own recipe has lost the paths of its
    corpora. Raise TandemError where the recipe or the corpus cannot be read, or where the pairs were handed over from
    Python.
    """
    run = next((folder for folder in (path, *path.absolute().parents[1:2]) if is_run(folder)), None)
    recipe = load_recipe(run / "recipe.toml") if run else read_model_files(checkpoint_of(path), []).recipe
    return find_corpus(recipe.data.train, recipe.data, None), recipe.data


def read_corpus(choice: CorpusKind, data: Data, given: Sequence[tuple[str, str]] | None = None) -> LoadedPairs:
    """Read the good pairs of a corpus to measure on, and count those that are left out."""
    corpus = find_corpus(choice, data, given)
    return load_pairs(corpus, on_error=data.on_error, max_characters=data.max_characters)


def has_features(data: Data, given: GivenPairs | None) -> bool:
    """Return whether features are read beside the sources of the training pairs."""
    return find_corpus(data.train, data, given.train if given else None).has_features


def read_first_pairs(data: Data, given: GivenPairs | None) -> tuple[list[Pair], int]:
    """Return the first of the training pairs, and about how many there are in all."""
    corpus = find_corpus(data.train, data, given.train if given else None)
    pairs = good_pairs(corpus, Dropped(data.max_characters), on_error=data.on_error)
    first = list(islice(pairs, _LOOKED_AT))
    if len(first) < _LOOKED_AT:
        return first, len(first)
    if estimated := corpus.estimated_pairs():
        return first, estimated
    lines = Contents(default_cache() / "files").of(corpus, data.max_characters).lines
    return first, lines or len(first) + sum(1 for _ in pairs)


def encode_pairs(recipe: Recipe, pairs: Sequence[Pair], source: Tokenizer, target: Tokenizer) -> EncodedCorpus:
    """Encode all pairs, whatever their length, in memory."""
    reverse, copying = recipe.text.reverse_source, recipe.model.copy
    encoding = Encoding(source, target, reverse_source=reverse, max_tokens=None, copying=copying)
    ids = encoding.run(Chunk(*zip(*pairs, strict=True)))
    return EncodedCorpus(EncodedSide.of(ids.source, ids.source_lengths), EncodedSide.of(ids.target, ids.target_lengths))


def settle_formats(recipe: Recipe, notify: Notify) -> Recipe:
    """Return the recipe with every setting of its corpora that is detected from the files; `notify` is told each.

    So the recipe trains the same later. Raise CorpusError where a file cannot be read or has no two columns.
    """
    data = recipe.data
    settled = {part: corpus.settled(data.folder, notify) for part, corpus in data.corpora().items()}
    return recipe.model_copy(update={"data": data.model_copy(update=settled)})


def settle_features(recipe: Recipe, given: Data, notify: Notify) -> Recipe:
    """Return the recipe with the columns of features that its tables show; `notify` is told.

    A table whose columns were `given` keeps them. Tables like the training table get the columns of that one.
    """
    data, train = recipe.data, recipe.data.train
    if not train.column_settings or given.train.names_columns:
        return recipe
    settled = train.with_features(data.folder)
    if settled.columns is None or settled.columns == train.columns:
        return recipe
    columns = {name: getattr(settled, name) for name in train.column_settings}
    changed = {"train": settled}
    for part, other in data.corpora().items():
        if other.column_style == train.column_style and not given.corpora()[part].names_columns:
            changed.setdefault(part, other.model_copy(update=columns))
    source, target, features = settled.columns
    notify(
        f"features: column {features!r}, beside the source in column {source!r} and the target in column {target!r}; "
        "choose others with --columns"
    )
    return recipe.model_copy(update={"data": data.model_copy(update=changed)})


def format_warnings(data: Data) -> Iterator[str]:
    """Yield what looks wrong with the way that the files are read, such as a header that is taken for a pair."""
    for corpus in data.corpora().values():
        if not isinstance(corpus, MemoryCorpus):
            yield from find_corpus(corpus, data, None).warnings()
