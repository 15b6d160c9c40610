"""How well a model's probabilities predict that its outputs are right, learnt from a validation corpus."""

from collections.abc import Sequence

from tandem.metrics.calibration import LEAST_OUTPUTS, Calibration, fit_calibration
from tandem.metrics.sequences import cased
from tandem.text import normalise
from tandem.translation.translator import Translator

MOST_CALIBRATED = 500
"""The number of sources that a calibration is learnt from; translating more would hold up the training."""


def calibrate(translator: Translator, groups: Sequence[tuple[str, tuple[str, ...]]]) -> Calibration | None:
    """Learn a calibration from sources and their references; None where there are fewer than 20.

    Sources are translated with the recipe's search settings. An output counts as right if it equals a reference. Of
    more than 500 sources, evenly spaced ones are used.
    """
    step = -(-len(groups) // MOST_CALIBRATED)
    chosen = groups[::step] if groups else groups
    if len(chosen) < LEAST_OUTPUTS:
        return None
    made = translator.translate([source for source, _ in chosen])
    lowercase = translator.recipe.search.lowercase_scores
    outputs, right = [], []
    for translation, (_, references) in zip(made, chosen, strict=True):
        if translation.token_scores:  # an empty source has none
            outputs.append(translation.token_scores)
            text = cased(normalise(translation.text), lowercase)
            right.append(text in {cased(reference, lowercase) for reference in references})
    return fit_calibration(outputs, right)
