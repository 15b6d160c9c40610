"""The search for a text's translation, step by step: the continuations it considered, kept and pruned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tandem.errors import ArgumentError
from tandem.memory import memory_for
from tandem.search import BeamSearch
from tandem.search.tracing import Node, SearchTrace, root, trace_search
from tandem.text.codec import Codec
from tandem.translation.alignments import text_tokens
from tandem.translation.settings import SMALLER_SEARCH, SearchSettings
from tandem.translation.texts import Request, Texts, search_inputs


@dataclass(frozen=True)
class Trace:
    """The search for the translation of one source text."""

    source: str
    source_tokens: tuple[str, ...]
    """In the order of the text, without `<sos>` and `<eos>`."""
    beam: int
    n_best: int
    length_penalty: float
    coverage: float
    nodes: tuple[Node[str], ...]
    """The root, `<sos>`, and then the continuations of each step, the best first; numbered from 0."""
    results: tuple[int, ...]
    """The number of the last node of each translation, the best first; none for an empty source."""
    texts: tuple[str, ...]
    """The translations of `results`."""

    @property
    def text(self) -> str:
        """The best translation; empty for an empty source."""
        return self.texts[0] if self.texts else ""

    @property
    def steps(self) -> int:
        """The number of steps of the search: the most tokens that a hypothesis had, `<eos>` counted."""
        return self.nodes[-1].step


def trace_texts(
    reader: Texts, codec: Codec, texts: Sequence[str], prefixes: Sequence[str], settings: SearchSettings
) -> Iterator[Trace]:
    """Yield the trace of each text, whose translation begins with its prefix.

    Each text is searched alone. Raise ArgumentError if the settings request sampling.
    """
    if settings.sampling is not None:
        raise ArgumentError("a trace shows a search, and sample draws instead of searching: leave out sample")
    settings = replace(settings, alignment=False)
    for text, prefix in zip(texts, prefixes, strict=True):
        (request,) = reader.read([text], [prefix], [0], settings)
        yield _trace(reader, codec, request, settings)


def trace_object(trace: Trace) -> dict[str, Any]:
    """Return a trace as a JSON object."""
    return {
        "source": trace.source,
        "source_tokens": trace.source_tokens,
        "beam": trace.beam,
        "n_best": trace.n_best,
        "length_penalty": trace.length_penalty,
        "coverage": trace.coverage,
        "nodes": [{"id": number, **node._asdict()} for number, node in enumerate(trace.nodes)],
        "steps": trace.steps,
        "results": trace.results,
        "text": trace.text,
        "texts": trace.texts,
    }


def _trace(reader: Texts, codec: Codec, request: Request, settings: SearchSettings) -> Trace:
    engine = reader.engine(settings)
    texts: tuple[str, ...] = ()
    if request.is_empty:
        found = SearchTrace([root(engine.sos)], [], [])
    else:
        settings.rows([request.length], engine.logits)  # or MemoryShortage
        method = settings.method if isinstance(settings.method, BeamSearch) else BeamSearch(1)
        with memory_for("tracing a search", SMALLER_SEARCH):
            found = trace_search(method, engine, search_inputs([request]))
        (translation,) = reader.write([request], [found.hypotheses], settings)
        texts = tuple(one.text for one in translation.alternatives or [translation])
    tokens = codec.target.tokens([node.token for node in found.nodes], request.source.pieces)
    return Trace(
        request.text,
        tuple(text_tokens(codec, request.source.ids)[1:-1]),
        settings.beam,
        settings.n_best,
        settings.length_penalty,
        settings.coverage,
        tuple(_node(node, token, settings) for node, token in zip(found.nodes, tokens, strict=True)),
        tuple(found.results),
        texts,
    )


def _node(node: Node[int], token: str, settings: SearchSettings) -> Node[str]:
    score = node.score
    if score is not None and not settings.coverage:  # greedy search ignores its length penalty, but the score has it
        score = node.log_probability / node.step**settings.length_penalty
    return Node(
        node.parent,
        node.step,
        token,
        node.token_log_probability,
        node.log_probability,
        score,
        node.fate,
        node.reason,
        node.place,
    )
