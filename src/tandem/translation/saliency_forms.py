"""The forms of `tandem translate --saliency`: beside each translation, what moved each of its tokens."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len

from tandem.engines import FloatArray
from tandem.names import SaliencyMethod
from tandem.translation.forms import JSON, PLAIN, Form, json_line, one_line
from tandem.translation.messages import Translation, translation_object
from tandem.translation.saliency import Saliency, saliency_object

if TYPE_CHECKING:
    from tandem.translation.translator import Translator

_STRONGEST = 3
"""The number of source tokens that a table has for each target token."""
_LEAST = 0.005
"""What is below this has two zeros after its point."""


def saliency_form(translator: "Translator", methods: Sequence[SaliencyMethod], *, as_json: bool) -> Form:
    """Return the form that adds the saliency of each translation by some methods: a matrix in JSON, or else a table."""

    def record(number: int, source: str, translation: Translation) -> bytes:
        (one,) = translator.saliency([source], [translation])
        if not as_json:
            return PLAIN.record(number, source, translation) + _table(one, methods).encode("utf-8", "replace")
        found = saliency_object(source, one)
        kept = ("source_tokens", "target_tokens", *methods)
        content = translation_object(source, translation)
        return json_line(content | {"saliency": {name: found[name] for name in kept}})

    base = JSON if as_json else PLAIN
    return Form(f"{base.name} with saliency by {', '.join(methods)}", record)


def _table(one: Saliency, methods: Sequence[SaliencyMethod]) -> str:
    """Return a line for each target token with its strongest source tokens, and an empty line at the end."""
    if not one.source_tokens:
        return "\n"
    columns = [("", *map(one_line, one.target_tokens))]
    for method in methods:
        values: FloatArray | None = getattr(one, method)
        assert values is not None  # what a model does not have is refused before anything is translated
        columns.append((method, *(_strongest(row, one.source_tokens) for row in values)))
    widths = [max(map(cell_len, column)) for column in columns]
    lines = (
        "  ".join(text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    )
    return "".join(f"  {line}\n" for line in lines) + "\n"


def _strongest(row: FloatArray, source_tokens: Sequence[str]) -> str:
    """Return the source tokens with the largest values that are seen above 0, or a hyphen."""
    order = np.argsort(-np.nan_to_num(row, nan=-math.inf), kind="stable")[:_STRONGEST]
    return (
        ", ".join(f"{one_line(source_tokens[place])} {row[place]:.2f}" for place in order if row[place] >= _LEAST)
        or "-"
    )
