"""The weights of a hypothesis's figures in its total: given, even, or from a file that tuning wrote."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tandem.errors import RecipeError
from tandem.files.paths import read_text
from tandem.names import LARGEST_LENGTH_PENALTY

SCORE, MODEL, LENGTH = "score", "model", "length"
"""The total in the list, the model's score, and the number of tokens."""

_MOST_BYTES = 2**16


@dataclass(frozen=True)
class Weights:
    """The total of a hypothesis is the sum of its figures, each times its weight."""

    values: Mapping[str, float]  # The weights of `model` and `length`, and of `score` or features of the list
    length_penalty: float  # The exponent p in the model's score, log-probability / tokens ** p

    @property
    def listed(self) -> tuple[str, ...]:
        """The figures that the list must have."""
        return tuple(name for name in self.values if name not in {MODEL, LENGTH})

    def __str__(self) -> str:
        """Return the weights as text, such as `score=0.5,model=0.5,length=0`."""
        return ",".join(f"{name}={value:g}" for name, value in self.values.items())

    def to_json(self) -> str:
        """Return the content of a file of weights."""
        content = {"weights": dict(self.values), "length_penalty": self.length_penalty}
        return json.dumps(content, indent=2) + "\n"


def even_weights(listed: Sequence[str], length_penalty: float) -> Weights:
    """Return equal weights for the model and each figure of the list (Sutskever et al. 2014, 3.1), and 0 for length."""
    share = 1 / (len(listed) + 1)
    return Weights({**dict.fromkeys(listed, share), MODEL: share, LENGTH: 0.0}, length_penalty)


def given_weights(text: str, length_penalty: float) -> Weights:
    """Read weights from `NAME=NUMBER,NAME=NUMBER`; other figures have the weight 0. RecipeError for any other text."""
    values: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.rpartition("="))
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not name or not math.isfinite(number):
            raise RecipeError(f"--weights {text}: {part!r} is no NAME=NUMBER; give them as in score=0.4,model=0.6")
        if name in values:
            raise RecipeError(f"--weights {text}: {name} is given twice")
        values[name] = number
    return _with_own(values, length_penalty)


def read_weights(path: Path) -> Weights:
    """Read the weights that `to_json` wrote to a file. RecipeError where the file holds anything else."""
    try:
        content = json.loads(read_text(path, _MOST_BYTES))
        values = {str(name): float(value) for name, value in content["weights"].items()}
        penalty = float(content["length_penalty"])
    except FileNotFoundError:
        raise RecipeError(f"{path}: there is no such file; give one that --tune wrote, or NAME=NUMBER,...") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise RecipeError(f"{path}: this is not a file of weights that --tune wrote ({error!r}); tune again") from error
    if not all(map(math.isfinite, values.values())) or not 0 <= penalty <= LARGEST_LENGTH_PENALTY:
        raise RecipeError(
            f"{path}: weights must be finite, and length_penalty ({penalty}) at least 0 and at most "
            f"{LARGEST_LENGTH_PENALTY:g}; tune again"
        )
    return _with_own(values, penalty)


def _with_own(values: Mapping[str, float], length_penalty: float) -> Weights:
    return Weights({**values, MODEL: values.get(MODEL, 0.0), LENGTH: values.get(LENGTH, 0.0)}, length_penalty)
