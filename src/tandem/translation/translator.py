"""Text in, translations out."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Self

import torch

from tandem.batches import pad_sentences
from tandem.build import choose_device, choose_precision, recipe_of
from tandem.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from tandem.corpora.given import checked_texts
from tandem.errors import ArgumentError, CheckpointError, TandemError
from tandem.files.paths import path_of
from tandem.memory import memory_for
from tandem.metrics.calibration import Calibration
from tandem.models import Seq2Seq
from tandem.recipe import Device, Precision, Recipe
from tandem.search import Hypothesis, beam, greedy
from tandem.text import EOS_ID, PAD_ID, SOS_ID, UNK_ID, Tokenizer
from tandem.translation.members import Averaging, Member, average_of, check_vocabularies, joined, make_steppers
from tandem.translation.messages import TargetScore, Translation
from tandem.translation.scoring import score_targets
from tandem.translation.settings import BATCH_SIZE, SMALLER_SEARCH, SearchSettings, chosen_settings

__all__ = [
    "BATCH_SIZE",
    "LONGEST_OUTPUT",
    "MAX_SOURCE_CHARACTERS",
    "MAX_SOURCE_TOKENS",
    "SearchSettings",
    "TargetScore",
    "Translation",
    "Translator",
    "frame_source",
    "load",
]

MAX_SOURCE_TOKENS = 1000
"""A source is cut after this many tokens, so that memory is bounded whatever a line holds."""
MAX_SOURCE_CHARACTERS = 2**15
"""No more of a source is read, even if it has fewer tokens: they may be of any length."""
_ENCODED_TOGETHER = 64
"""Sources whose tokens are held at once before they are cut."""
LONGEST_OUTPUT = 2**18
"""Characters of an output, at which it is cut: tokens may be long, and a model may repeat them."""


class Translator:
    """Trained models with their tokenizers: `translate`, `score`. Not changed by use, so threads may share one.

    Several models are an ensemble, whose probabilities are averaged at every token.
    """

    def __init__(
        self,
        members: Sequence[Member],
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        *,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        averaging: Averaging = "arithmetic",
        calibration: Calibration | None = None,
    ) -> None:
        """The models are put on `device` in eval mode; matrix products run in `dtype`.

        `calibration`, of a single model, is what confidences come from; without it there are none.
        """
        self.members = tuple(Member(model.to(device).eval(), recipe) for model, recipe in members)
        self.source_tokenizer = source_tokenizer
        self.target_tokenizer = target_tokenizer
        self.device = device
        self.dtype = dtype
        self.averaging: Averaging = averaging
        self.calibration = calibration
        self._average = average_of(averaging)
        self._prepare()

    def _prepare(self) -> None:
        """Make what searching takes of the models, in the process that is to search."""
        self._steppers = make_steppers(self.members, self.dtype)
        self._stepper = joined(self._steppers, self._average)
        self._process = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled or copied: the models themselves, not what was made of them for searching."""
        made = {"_steppers", "_stepper", "_process"}
        return {name: value for name, value in vars(self).items() if name not in made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a translator of the process that this is called in."""
        vars(self).update(state)
        self._prepare()

    def _check_process(self) -> None:
        """Raise TandemError in a forked process, where torch would wait for ever for threads that were not forked."""
        if os.getpid() != self._process and (torch.get_num_threads() > 1 or self.device.type != "cpu"):
            raise TandemError(
                f"this translator was made in process {self._process} and is used in process {os.getpid()}, which was "
                "forked from it, where torch would hang with several threads or a GPU. Start such a process with "
                'multiprocessing\'s "spawn", or, on a CPU, call torch.set_num_threads(1) in it first'
            )

    @classmethod
    def of(
        cls,
        model: Seq2Seq,
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        *,
        recipe: Recipe | None = None,
        device: Device = "auto",
    ) -> Self:
        """A translator of a model that was trained by other means: sources between `<sos>` and `<eos>`, not reversed.

        A `recipe` may say otherwise, and how to search; else it is made from the model. ArgumentError where the sizes
        of model, tokenizers and recipe do not fit together.
        """
        made = recipe_of(model, source_tokenizer, target_tokenizer)
        recipe = recipe or made
        for key in ("cell", "layers", "hidden", "embedding", "tie_output"):
            wanted, found = getattr(recipe.model, key), getattr(made.model, key)
            if wanted != found:
                raise ArgumentError(f"recipe: model.{key} is {wanted!r}, but of the given model it is {found!r}")
        return cls([Member(model, recipe)], source_tokenizer, target_tokenizer, device=choose_device(device))

    def save(self, directory: str | Path) -> None:
        """Write the model as a checkpoint, which `tandem.load` and every command take, into a new directory.

        CheckpointError where the directory is there already or cannot be written; ValueError for an ensemble.
        """
        path = path_of(directory, "directory")
        if path.exists():
            raise CheckpointError(f"{path}: is there already, and is not written over. Choose another, or remove it")
        tokenizers = self.source_tokenizer, self.target_tokenizer
        save_checkpoint(Checkpoint(self.model, self.recipe, *tokenizers, self.calibration), path)

    @property
    def recipe(self) -> Recipe:
        """The first member's: what it says of searching holds unless something else is asked for."""
        return self.members[0].recipe

    @property
    def model(self) -> Seq2Seq:
        """The only member's model. ValueError where there are several."""
        if len(self.members) > 1:
            raise ValueError(f"this is an ensemble of {len(self.members)} models: see Translator.members")
        return self.members[0].model

    def search_settings(
        self,
        *,
        beam: int | None = None,
        length_penalty: float | None = None,
        max_length_factor: float | None = None,
        max_length_extra: int | None = None,
        n_best: int = 1,
        batch_size: int = BATCH_SIZE,
        allow_unk: bool = False,
    ) -> SearchSettings:
        """The recipe's search, with what is given put over it. ValueError for values out of range."""
        return chosen_settings(
            self.recipe.search,
            beam,
            length_penalty,
            max_length_factor,
            max_length_extra,
            n_best,
            batch_size,
            allow_unk,
        )

    def translate(self, texts: Sequence[str], settings: SearchSettings | None = None) -> list[Translation]:
        """Translate each text, in order; an empty text has an empty translation.

        >>> tandem.load("runs/demo").translate(["Guten Morgen!"])[0].text  # doctest: +SKIP
        """
        if isinstance(texts, str):
            raise ArgumentError('translate takes a list of texts: translate(["..."]), not translate("...")')
        return list(self.translate_stream(texts, settings))

    def translate_stream(
        self,
        texts: Iterable[str],
        settings: SearchSettings | None = None,
        *,
        on_progress: Callable[[int], object] = lambda _: None,
    ) -> Iterator[Translation]:
        """Translate lazily and in order, in bounded windows that are sorted by length for speed.

        `on_progress` gets the number of texts that were translated together, each time that some were.
        """
        settings = settings or self.search_settings()
        remaining = checked_texts(texts, "texts")
        while window := list(islice(remaining, settings.window)):
            yield from self._translate_window(window, settings, on_progress)

    def score(self, sources: Sequence[str], targets: Sequence[str], batch_size: int = 128) -> list[TargetScore]:
        """The log-probability of each target given its source. ValueError where their numbers differ.

        A source that stands in several pairs is read once, and so is what its targets begin with alike. So many
        different sources at most are read together.
        """
        sources, targets = list(checked_texts(sources, "sources")), list(checked_texts(targets, "targets"))
        if len(sources) != len(targets):
            raise ValueError(f"there are {len(sources)} sources and {len(targets)} targets; each source needs one")
        places = {text: place for place, text in enumerate(dict.fromkeys(sources))}
        wanted: list[list[list[int]]] = [[] for _ in places]
        found: list[tuple[int, int]] = []  # where each pair's target stands
        for source, ids in zip(sources, self.target_tokenizer.encode_batch(list(targets)), strict=True):
            own = wanted[places[source]]
            found.append((places[source], len(own)))
            own.append([SOS_ID, *ids, EOS_ID])
        encoded = self._encode(list(places))
        read = [ids for ids, _ in encoded]
        with memory_for("scoring targets", SMALLER_SEARCH):
            scores = score_targets(self._steppers, self._average, read, wanted, self.device, batch_size)
        return [
            self._target_score(wanted[place][rank], scores[place][rank], encoded[place][1]) for place, rank in found
        ]

    def _target_score(self, ids: list[int], scores: list[float], cut: bool) -> TargetScore:
        return TargetScore(math.fsum(scores), tuple(self.target_tokenizer.tokens(ids[1:-1])), tuple(scores), cut)

    def _encode(self, texts: Sequence[str]) -> list[tuple[list[int], bool]]:
        """Sources as the encoder reads them, and whether each had to be cut."""
        self._check_process()
        encoded = []
        for start in range(0, len(texts), _ENCODED_TOGETHER):
            some = texts[start : start + _ENCODED_TOGETHER]
            found = self.source_tokenizer.encode_batch([text[:MAX_SOURCE_CHARACTERS] for text in some])
            for text, ids in zip(some, found, strict=True):
                cut = len(ids) > MAX_SOURCE_TOKENS or len(text) > MAX_SOURCE_CHARACTERS
                encoded.append((frame_source(ids[:MAX_SOURCE_TOKENS], self.recipe), cut))
        return encoded

    def _translate_window(
        self, window: list[str], settings: SearchSettings, on_progress: Callable[[int], object]
    ) -> list[Translation]:
        encoded = self._encode(window)
        empty = Translation("", 0.0, (), ())
        nothing = replace(empty, alternatives=(empty,)) if settings.n_best > 1 else empty
        found = [nothing] * len(window)
        # Framed by <sos> and <eos>: an empty source has two tokens, and an empty translation.
        order = sorted((n for n, (ids, _) in enumerate(encoded) if len(ids) > 2), key=lambda n: len(encoded[n][0]))
        logits = len(self.members) * len(self.target_tokenizer)  # of one hypothesis
        while order:
            lengths = [len(encoded[n][0]) for n in order[: settings.batch_size]]
            rows = order[: settings.rows(lengths, logits)]
            order = order[len(rows) :]
            with memory_for(f"translating {len(rows):,} texts together", SMALLER_SEARCH):
                results = self._search([encoded[row][0] for row in rows], settings)
            for row, hypotheses in zip(rows, results, strict=True):
                ids, cut = encoded[row]
                limit = settings.max_length(len(ids))
                best = self._translation(hypotheses, settings, limit)
                found[row] = replace(
                    best,
                    cut=cut,
                    unknown=self._unknown(window[row]) if UNK_ID in ids else (),
                    confidence=None if self.calibration is None else self.calibration.confidence(best.token_scores),
                )
            on_progress(len(rows))
        return found

    def _unknown(self, text: str) -> tuple[str, ...]:
        """The unknown pieces of what is read of a source, each once."""
        pieces = self.source_tokenizer.unknown_pieces(text[:MAX_SOURCE_CHARACTERS], most=MAX_SOURCE_TOKENS)
        return tuple(dict.fromkeys(pieces))

    def _search(self, sources: list[list[int]], settings: SearchSettings) -> list[list[Hypothesis]]:
        source, lengths = pad_sentences(sources)
        max_lengths = torch.tensor([settings.max_length(len(ids)) for ids in sources])
        banned = [PAD_ID, SOS_ID] if settings.allow_unk else [UNK_ID, PAD_ID, SOS_ID]
        source = source.to(self.device)
        if settings.beam == 1:
            best = greedy(
                self._stepper, source, lengths, sos=SOS_ID, eos=EOS_ID, max_lengths=max_lengths, banned=banned
            )
            return [[hypothesis] for hypothesis in best]
        return beam(
            self._stepper,
            source,
            lengths,
            sos=SOS_ID,
            eos=EOS_ID,
            max_lengths=max_lengths,
            beam_size=settings.beam,
            n_best=settings.n_best,
            length_penalty=settings.length_penalty,
            banned=banned,
        )

    def _translation(self, hypotheses: list[Hypothesis], settings: SearchSettings, limit: int) -> Translation:
        """What was found for one source, whose outputs have at most `limit` tokens."""
        made = []
        for h in hypotheses:
            ids = self.target_tokenizer.beginning(h.ids, LONGEST_OUTPUT)
            whole = len(ids) == len(h.ids)
            made.append(
                Translation(
                    self.target_tokenizer.decode(ids),
                    h.log_probability / len(h.token_scores) ** settings.length_penalty,
                    tuple(self.target_tokenizer.tokens(ids)),
                    h.token_scores if whole else h.token_scores[: len(ids)],
                    # At the limit only <eos> could follow, whatever the model would have written.
                    stopped="limit" if len(h.ids) >= limit or not whole else "eos",
                )
            )
        return replace(made[0], alternatives=tuple(made)) if settings.n_best > 1 else made[0]


def frame_source(ids: Sequence[int], recipe: Recipe) -> list[int]:
    """A source's ids as the encoder reads them: between `<sos>` and `<eos>`, reversed where the recipe says so."""
    return [SOS_ID, *(reversed(ids) if recipe.text.reverse_source else ids), EOS_ID]


def load(
    path: str | Path | Sequence[str | Path],
    *,
    device: Device = "auto",
    precision: Precision = "float32",
    averaging: Averaging = "arithmetic",
) -> Translator:
    """The translator of a run (its best checkpoint) or of a checkpoint; of several, their ensemble.

    Members decode together: `averaging` says which mean of their probabilities is taken. CheckpointError where one is
    damaged, or where they don't share their vocabularies.
    """
    several = path if isinstance(path, Sequence) and not isinstance(path, str) else [path]
    paths = [path_of(each, "path") for each in several]
    if not paths:
        raise ValueError("there is no model to load: name one run or checkpoint at least")
    where = choose_device(device)
    checkpoints = [load_checkpoint(each) for each in paths]
    check_vocabularies(paths, checkpoints)
    return Translator(
        [Member(checkpoint.model, checkpoint.recipe) for checkpoint in checkpoints],
        checkpoints[0].source_tokenizer,
        checkpoints[0].target_tokenizer,
        device=where,
        dtype=choose_precision(precision, where),
        averaging=averaging,
        calibration=checkpoints[0].calibration if len(checkpoints) == 1 else None,
    )
