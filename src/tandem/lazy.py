"""Packages whose names are imported when they are asked for: what is not needed takes neither time nor memory."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def names_of(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package, from the names that each of its modules has."""
    module_of = {name: f"{package}.{module}" for module, names in modules.items() for name in names}

    def get(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(module_of[name]), name)

    return get
