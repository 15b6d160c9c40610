"""Values that JSON can hold."""

import math


def without_infinities(value: object) -> object:
    """Return the value with None for each number that is infinite or NaN, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: without_infinities(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_infinities(inner) for inner in value]
    return value
