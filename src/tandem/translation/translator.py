"""Text in, translations out: a translator joins a codec, an engine and a search."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from tandem.corpora.given import checked_texts
from tandem.engines import Engine
from tandem.errors import ArgumentError, CheckpointError
from tandem.files.paths import path_of
from tandem.memory import memory_for
from tandem.metrics.calibration import Calibration
from tandem.names import Averaging, Device
from tandem.recipe import Recipe
from tandem.search import run_search
from tandem.text import PAD_ID, SOS_ID, UNK_ID, Tokenizer
from tandem.text.codec import Codec
from tandem.text.copying import Copying
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
    from tandem.exported import Export
    from tandem.models import Seq2Seq


class Translator:
    """A trained model with its tokenizers: `translate`, `score`, `trace`. Not changed by use, so threads may share one.

    Several models are an ensemble, whose probabilities are averaged at every token.
    """

    def __init__(
        self, engine: Engine[Any], codec: Codec, recipe: Recipe, *, calibration: Calibration | None = None
    ) -> None:
        """Take what ranks next tokens, what turns text into ids and back, and how the model was made.

        The recipe's search holds unless something else is asked for. Confidences come from `calibration`; without it
        there are none.
        """
        self.engine = engine
        self.codec = codec
        self.recipe = recipe
        self.calibration = calibration
        self.texts = Texts(engine, codec, calibration)

    @classmethod
    def from_members(
        cls,
        members: Sequence["Member"],
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        *,
        device: "torch.device",
        dtype: "torch.dtype | None" = None,
        averaging: Averaging = "arithmetic",
        calibration: Calibration | None = None,
    ) -> Self:
        """Return a translator of one PyTorch model, or of an ensemble, whose matrix products run in `dtype`."""
        import torch

        from tandem.engines.torch_engine import TorchEngine

        copies = any(member.model.decoder.copy_gate is not None for member in members)
        copying = Copying(source_tokenizer, target_tokenizer) if copies else None
        engine = TorchEngine(
            members,
            device=device,
            dtype=dtype or torch.float32,
            averaging=averaging,
            copying=None if copying is None else copying.table,
        )
        recipe = members[0].recipe
        return cls(
            engine.banning([UNK_ID, PAD_ID, SOS_ID]),
            Codec(source_tokenizer, target_tokenizer, recipe.text.reverse_source, copying),
            recipe,
            calibration=calibration,
        )

    @classmethod
    def from_exports(
        cls,
        exports: Sequence["Export"],
        *,
        averaging: Averaging = "arithmetic",
        calibration: Calibration | None = None,
        threads: int = 1,
    ) -> Self:
        """Return a translator of one exported model, or of an ensemble, each of which runs with so many threads."""
        from tandem.engines.onnx_engine import OnnxEngine

        files = exports[0].files
        reverse = files.recipe.text.reverse_source
        tokenizers = files.source_tokenizer, files.target_tokenizer
        copying = Copying(*tokenizers) if any(export.sizes.copies for export in exports) else None
        engine = OnnxEngine(
            [
                export.model(turned=export.files.recipe.text.reverse_source != reverse, threads=threads)
                for export in exports
            ],
            averaging=averaging,
            copying=None if copying is None else copying.table,
            precision=" and ".join(sorted({export.precision for export in exports})),
        )
        return cls(
            engine.banning([UNK_ID, PAD_ID, SOS_ID]),
            Codec(*tokenizers, reverse, copying),
            files.recipe,
            calibration=calibration,
        )

    @classmethod
    def of(
        cls,
        model: "Seq2Seq",
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        *,
        recipe: Recipe | None = None,
        device: Device = "auto",
    ) -> Self:
        """Return a translator of a model that was trained by other means.

        It reads sources between `<sos>` and `<eos>`, not reversed. A `recipe` may say otherwise, and how to search;
        else it is made from the model. Raise ArgumentError where the sizes of model, tokenizers and recipe do not fit
        together.
        """
        from tandem.build import choose_device, recipe_of
        from tandem.engines.members import Member

        made = recipe_of(model, source_tokenizer, target_tokenizer)
        recipe = recipe or made
        for key in (
            "cell",
            "layers",
            "hidden",
            "embedding",
            "bidirectional",
            "attention",
            "copy",
            "tie_output",
            "tie_embeddings",
        ):
            wanted, own = getattr(recipe.model, key), getattr(made.model, key)
            if wanted != own:
                raise ArgumentError(f"recipe: model.{key} is {wanted!r}, but of the given model it is {own!r}")
        member = Member(model, recipe)
        return cls.from_members([member], source_tokenizer, target_tokenizer, device=choose_device(device))

    def save(self, directory: str | Path) -> None:
        """Write the model as a checkpoint, which `tandem.load` and every command take, into a new directory.

        Raise CheckpointError where the directory exists or cannot be written, and ValueError for an ensemble.
        """
        from tandem.checkpoint import Checkpoint, save_checkpoint

        path = path_of(directory, "directory")
        if path.exists():
            raise CheckpointError(f"{path}: this already exists, and is not overwritten. Choose another, or remove it")
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
        """The engine, where it is of PyTorch models. Raise ArgumentError where it is another."""
        from tandem.engines.torch_engine import TorchEngine

        if not isinstance(self.engine, TorchEngine):
            raise ArgumentError(
                "this needs the PyTorch model itself, which an export has not: name the run or checkpoint that it was "
                "made from"
            )
        return self.engine

    @property
    def device(self) -> "torch.device":
        """Where the models are."""
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
        """The type in which matrix products run, such as "float32"; of an export, what its weights are kept in."""
        return self._engine_of_models().precision

    def _engine_of_models(self) -> "TorchEngine | OnnxEngine":
        """Return the engine, which is not of a table."""
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
        """The only member's model. Raise ValueError where there are several."""
        if len(self.members) > 1:
            raise ValueError(f"this is an ensemble of {len(self.members)} models: see Translator.members")
        return self.members[0].model

    def search_settings(self, **options: Unpack[SearchOptions]) -> SearchSettings:
        """Return the recipe's search with the given options put over it. Raise ValueError for values out of range."""
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

        How to search is said by `settings` or by options: `translate(texts, beam=4, n_best=3)`. Each translation begins
        with its text of `prefixes`: one for all texts, or one for each. Samples follow from the seed and the number of
        a text; `first` is the number of the first one.

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

        `on_progress` gets the number of texts that were translated together, each time that some were.
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
                raise ValueError("say how to search by settings or by options, not by both")
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
        """Return the log-probability of each target given its source. Raise ValueError where their numbers differ.

        A source that stands in several pairs is read once, and so is what its targets begin with alike. At most
        `batch_size` different sources are read together. A target that continues a text of `prefixes` is scored as its
        continuation: only its own tokens count.
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

        Arguments are as for `translate`. Raise ArgumentError for sampling, which is no search.
        """
        texts = list(checked_texts(texts, "texts"))
        begun = _one_each(prefixes, len(texts))
        if len(begun) != len(texts):
            raise ValueError(f"there are {len(texts)} texts and {len(begun)} prefixes; each text needs one")
        return list(trace_texts(self.texts, self.codec, texts, begun, self._settings(settings, options)))

    def saliency(self, texts: Sequence[str], targets: Sequence[str | Translation] | None = None) -> list[Saliency]:
        """Return how much each token of each text had to do with each token of its target.

        A target is a text, or a translation that this translator made. Without targets each text is translated as the
        recipe searches. The time grows with the square of the lengths. Raise ValueError where the numbers differ.
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
    """Return the prefixes, or as many of the same where there is one for all."""
    return [prefixes] * count if isinstance(prefixes, str) else list(checked_texts(prefixes, "prefixes"))
