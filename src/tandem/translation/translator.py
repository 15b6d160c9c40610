"""Text in, translations out: a translator combines a codec, an engine and a search."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

from tandem.corpora.given import checked_texts
from tandem.engines import Engine
from tandem.errors import ArgumentError, CheckpointError
from tandem.files.paths import path_of
from tandem.memory import memory_for
from tandem.metrics.calibration import Calibration
from tandem.names import Averaging, Device
from tandem.recipe import Recipe
from tandem.search import run_search
from tandem.text import Tokenizer
from tandem.text.codec import Codec
from tandem.translation.messages import TargetScore, Translation
from tandem.translation.outputs import empty_translation
from tandem.translation.saliency import Saliency, checked_targets, measure_saliency
from tandem.translation.scoring import score_pairs
from tandem.translation.settings import SMALLER_SEARCH, SearchOptions, SearchSettings, chosen_settings
from tandem.translation.texts import Texts, search_inputs
from tandem.translation.traces import Trace, trace_texts

if TYPE_CHECKING:
    import torch

    from tandem.engines.members import Member
    from tandem.engines.onnx_engine import OnnxEngine
    from tandem.engines.torch_engine import TorchEngine
    from tandem.models import Seq2Seq


class Translator:
    """A trained model with its tokenizers: `translate`, `score`, `trace`. Not changed by use, so threads may share one.

    Several models are an ensemble, whose probabilities are averaged at every token.
    """

    def __init__(
        self, engine: Engine[Any], codec: Codec, recipe: Recipe, *, calibration: Calibration | None = None
    ) -> None:
        """Take the engine that ranks next tokens, the codec between text and ids, and the recipe of the model.

        The recipe's search settings are the defaults. `calibration` gives the translations their confidences; without
        it they have none.
        """
        self.engine = engine
        self.codec = codec
        self.recipe = recipe
        self.calibration = calibration
        self.texts = Texts(engine, codec, calibration)

    @classmethod
    def of(
        cls,
        model: "Seq2Seq",
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        *,
        recipe: Recipe | None = None,
        device: Device = "auto",
    ) -> "Translator":
        """Return a translator of a model that was trained by other means.

        It reads sources between `<sos>` and `<eos>`, not reversed. A `recipe` may say otherwise, and how to search; by
        default the recipe follows from the model. Raise ArgumentError if the sizes of the model, the tokenizers and the
        recipe do not match.
        """
        from tandem.translation.constructors import translator_from_model

        return translator_from_model(model, source_tokenizer, target_tokenizer, recipe=recipe, device=device)

    def save(self, directory: str | Path) -> None:
        """Write the model into a new directory as a checkpoint, which `tandem.load` and every command accept.

        Raise CheckpointError if the directory exists or cannot be written, and ValueError for an ensemble.
        """
        from tandem.checkpoint import Checkpoint, save_checkpoint

        path = path_of(directory, "directory")
        if path.exists():
            raise CheckpointError(f"{path} already exists, and is not overwritten. Choose another name, or remove it")
        tokenizers = self.source_tokenizer, self.target_tokenizer
        save_checkpoint(Checkpoint(self.model, self.recipe, *tokenizers, self.calibration), path)

    @property
    def source_tokenizer(self) -> Tokenizer:
        """The tokenizer of the source side."""
        return self.codec.source

    @property
    def target_tokenizer(self) -> Tokenizer:
        """The tokenizer of the target side."""
        return self.codec.target

    @property
    def torch_engine(self) -> "TorchEngine":
        """The engine, if it runs PyTorch models. Raise ArgumentError if it is another one."""
        from tandem.engines.torch_engine import TorchEngine

        if not isinstance(self.engine, TorchEngine):
            raise ArgumentError(
                "this needs the PyTorch model itself, which an export does not contain: name the run or the checkpoint "
                "that it was made from"
            )
        return self.engine

    @property
    def device(self) -> "torch.device":
        """The device that the models are on."""
        return self.torch_engine.device

    @property
    def dtype(self) -> "torch.dtype":
        """The type in which matrix products run."""
        return self.torch_engine.dtype

    @property
    def averaging(self) -> Averaging:
        """How an ensemble averages its members' probabilities."""
        return self._engine_of_models().averaging

    @property
    def precision(self) -> str:
        """The type of the matrix products, such as "float32"; for an export, the type of its stored weights."""
        return self._engine_of_models().precision

    def _engine_of_models(self) -> "TorchEngine | OnnxEngine":
        """Return the engine as one of the two that run models. (Tests also have engines of tables.)"""
        return cast("TorchEngine | OnnxEngine", self.engine)

    @property
    def size(self) -> int:
        """The number of models whose predictions are averaged."""
        return self.engine.logits // self.engine.vocabulary

    @property
    def members(self) -> "tuple[Member, ...]":
        """The PyTorch models, each with its recipe."""
        return self.torch_engine.members

    @property
    def model(self) -> "Seq2Seq":
        """The model of the only member. Raise ValueError if there are several members."""
        if len(self.members) > 1:
            raise ValueError(f"this is an ensemble of {len(self.members)} models: see Translator.members")
        return self.members[0].model

    def search_settings(self, **options: Unpack[SearchOptions]) -> SearchSettings:
        """Return the recipe's search settings, changed by the options. Raise ValueError for values out of range."""
        return chosen_settings(self.recipe.search, options)

    def translate(
        self,
        texts: Sequence[str],
        settings: SearchSettings | Mapping[str, Any] | None = None,
        *,
        prefixes: str | Iterable[str] = "",
        first: int = 0,
        **options: Unpack[SearchOptions],
    ) -> list[Translation]:
        """Translate each text, in order; an empty text has an empty translation.

        Choose the search either by `settings` or by options: `translate(texts, beam=4, n_best=3)`. Each translation
        begins with its prefix; `prefixes` is one text for all, or one for each. Sampling depends on the seed and on the
        number of each text; `first` is the number of the first text.

        >>> tandem.load("runs/demo").translate(["Guten Morgen!"])[0].text  # doctest: +SKIP
        """
        if isinstance(texts, str):
            raise ArgumentError('translate takes a list of texts: translate(["..."]), not translate("...")')
        return list(self.translate_stream(texts, self._settings(settings, options), prefixes=prefixes, first=first))

    def translate_stream(
        self,
        texts: Iterable[str],
        settings: SearchSettings | Mapping[str, Any] | None = None,
        *,
        prefixes: str | Iterable[str] = "",
        first: int = 0,
        on_progress: Callable[[int], object] = lambda _: None,
        **options: Unpack[SearchOptions],
    ) -> Iterator[Translation]:
        """Translate lazily and in order, in bounded windows that are sorted by length for speed.

        `on_progress` is called after each batch, with the number of texts in it.
        """
        chosen = self._settings(settings, options)
        begun = repeat(prefixes) if isinstance(prefixes, str) else checked_texts(prefixes, "prefixes")
        remaining, numbers = checked_texts(texts, "texts"), count(first)
        while window := list(islice(remaining, chosen.window)):
            beginnings = list(islice(begun, len(window)))
            if len(beginnings) < len(window):
                raise ValueError("prefixes must hold one text for each of texts, but there are fewer")
            yield from self._translate_window(window, beginnings, numbers, chosen, on_progress)

    def _settings(self, settings: SearchSettings | Mapping[str, Any] | None, options: SearchOptions) -> SearchSettings:
        if isinstance(settings, SearchSettings):
            if options:
                raise ValueError("choose the search by settings or by options, not by both")
            return settings
        return chosen_settings(self.recipe.search, cast(SearchOptions, {**(settings or {}), **options}))

    def score(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        batch_size: int = 128,
        *,
        prefixes: str | Iterable[str] = "",
    ) -> list[TargetScore]:
        """Return the log-probability of each target given its source. Raise ValueError if their numbers differ.

        A source that occurs in several pairs is read once, and so is a beginning that its targets share. At most
        `batch_size` different sources are read together. A target with a prefix is scored as the continuation of that
        prefix: only the target's own tokens count.
        """
        sources, targets = list(checked_texts(sources, "sources")), list(checked_texts(targets, "targets"))
        begun = _one_each(prefixes, len(targets))
        if not len(sources) == len(targets) == len(begun):
            raise ValueError(f"there are {len(sources)} sources and {len(targets)} targets; each source needs one")
        with memory_for("scoring targets", SMALLER_SEARCH):
            return score_pairs(self.engine, self.codec, sources, targets, begun, batch_size)

    def trace(
        self,
        texts: Sequence[str],
        settings: SearchSettings | Mapping[str, Any] | None = None,
        *,
        prefixes: str | Iterable[str] = "",
        **options: Unpack[SearchOptions],
    ) -> list[Trace]:
        """Return the search for the translation of each text, step by step; its translations are those of `translate`.

        The arguments are those of `translate`. Raise ArgumentError for sampling, which does not search.
        """
        texts = list(checked_texts(texts, "texts"))
        begun = _one_each(prefixes, len(texts))
        if len(begun) != len(texts):
            raise ValueError(f"there are {len(texts)} texts and {len(begun)} prefixes; each text needs one")
        return list(trace_texts(self.texts, self.codec, texts, begun, self._settings(settings, options)))

    def saliency(self, texts: Sequence[str], targets: Sequence[str | Translation] | None = None) -> list[Saliency]:
        """Return how much each token of each text influenced each token of its target.

        A target is a text, or a translation that this translator made. Without targets, each text is translated with
        the recipe's search settings. The time grows with the square of the lengths. Raise ValueError if the numbers of
        texts and targets differ.
        """
        sources = list(checked_texts(texts, "texts"))
        chosen = self.translate(sources) if targets is None else checked_targets(targets)
        if len(sources) != len(chosen):
            raise ValueError(f"there are {len(sources)} texts and {len(chosen)} targets; each text needs one")
        with memory_for("measuring saliency", "Give fewer texts, or shorter ones"):
            return measure_saliency(self.engine, self.codec, sources, chosen)

    def _translate_window(
        self,
        window: list[str],
        prefixes: list[str],
        numbers: Iterator[int],
        settings: SearchSettings,
        on_progress: Callable[[int], object],
    ) -> list[Translation]:
        requests = self.texts.read(window, prefixes, numbers, settings)
        results = [empty_translation(settings)] * len(window)
        order = sorted(
            (n for n, request in enumerate(requests) if not request.is_empty), key=lambda n: requests[n].length
        )
        while order:
            rows = order[: settings.batch_size]
            rows = rows[: settings.rows([requests[row].length for row in rows], self.engine.logits)]
            order = order[len(rows) :]
            batch = [requests[row] for row in rows]
            with memory_for(f"translating {len(rows):,} texts together", SMALLER_SEARCH):
                found = run_search(settings.method, self.texts.engine(settings), search_inputs(batch))
            for row, translation in zip(rows, self.texts.write(batch, found, settings), strict=True):
                results[row] = translation
            on_progress(len(rows))
        return results


def _one_each(prefixes: str | Iterable[str], count: int) -> list[str]:
    """Return one prefix for each of `count` texts; a single text is the prefix of all."""
    return [prefixes] * count if isinstance(prefixes, str) else list(checked_texts(prefixes, "prefixes"))
