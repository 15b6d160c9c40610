"""The steps before and after a search: texts become requests, and hypotheses become translations."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tandem.engines import Engine, Ids
from tandem.metrics.calibration import Calibration
from tandem.search import Hypothesis, Inputs
from tandem.text import PAD_ID, SOS_ID
from tandem.text.codec import Codec, EncodedSource
from tandem.translation.alignments import align
from tandem.translation.messages import Translation
from tandem.translation.outputs import made_translation
from tandem.translation.settings import SearchSettings
from tandem.translation.unknowns import UnknownWords


class Request(NamedTuple):
    """A text to translate, in the form that a search needs."""

    text: str
    source: EncodedSource
    prefix: Ids
    """The tokens that its translation must begin with."""
    limit: int
    """The largest number of tokens of its translation."""
    number: int
    """The number of the text in its stream, which seeds the sampling."""

    @property
    def length(self) -> int:
        """The number of its tokens, with `<sos>` and `<eos>`."""
        return len(self.source.ids)

    @property
    def is_empty(self) -> bool:
        """Whether the text has no tokens; its translation is then empty, without a search."""
        return self.length <= 2


class Texts:
    """Turns texts into requests, and the hypotheses for them into translations. Not changed by use."""

    def __init__(self, engine: Engine[Any], codec: Codec, calibration: Calibration | None) -> None:
        self._engine = engine
        self._codec = codec
        self._calibration = calibration

    def read(
        self, texts: Sequence[str], prefixes: Sequence[str], numbers: Iterable[int], settings: SearchSettings
    ) -> list[Request]:
        """Encode texts; each has a prefix, with which its translation must begin, and a number in its stream."""
        sources = self._codec.encode_sources(texts)
        begun = self._codec.encode_prefixes(prefixes, sources)
        return [
            Request(text, source, prefix, len(prefix) + settings.max_length(len(source.ids)), number)
            for text, source, prefix, number in zip(texts, sources, begun, numbers, strict=False)
        ]

    def engine(self, settings: SearchSettings) -> Engine[Any]:
        """Return the engine for a search: its outputs may contain `<unk>` only if the settings allow it."""
        unknown = settings.allow_unk or settings.replace_unknown
        return self._engine.banning([PAD_ID, SOS_ID]) if unknown else self._engine

    def write(
        self, requests: Sequence[Request], found: Sequence[Sequence[Hypothesis]], settings: SearchSettings
    ) -> list[Translation]:
        """Return the translation of each request, made from the hypotheses that a search found for it."""
        replaced: Sequence[Any] = [None] * len(requests)
        sources = [request.source.ids for request in requests]
        if settings.replace_unknown:
            words = UnknownWords(self._engine, self._codec, settings.dictionary or {})
            outputs = [[hypothesis.ids for hypothesis in own] for own in found]
            replaced = words.replaced([request.text for request in requests], sources, outputs)
        translations = [
            made_translation(
                self._codec, self._calibration, request.text, request.source, own, words, settings, request.limit
            )
            for request, own, words in zip(requests, found, replaced, strict=True)
        ]
        if not settings.alignment:
            return translations
        aligned = align(self._engine, self._codec, sources, [own[0].ids for own in found])
        return [replace(made, **one._asdict()) for made, one in zip(translations, aligned, strict=True)]


def search_inputs(requests: Sequence[Request]) -> Inputs:
    """Return the inputs of a search for these requests."""
    prefixes = [request.prefix for request in requests]
    return Inputs(
        [request.source.ids for request in requests],
        [request.limit for request in requests],
        prefixes if any(prefixes) else None,
        [request.number for request in requests],
    )
