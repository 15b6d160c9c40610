"""Groups of options that several commands share: each is declared once, as a dataclass with an option a field."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, ClassVar, Self, get_type_hints


@dataclass(frozen=True)
class OptionGroup:
    """The base of all groups. Each field is annotated as a parameter of a command is, and has a default."""

    panel: ClassVar[str]
    """The title of the section of --help that shows the options."""

    @classmethod
    def options(cls, parameter: str) -> list[inspect.Parameter]:  # noqa: ARG003 - for groups that depend on it
        """Return the options of a command that has a `parameter` of this type."""
        hints = get_type_hints(cls, include_extras=True)
        for field in fields(cls):
            for option in hints[field.name].__metadata__:
                option.rich_help_panel = cls.panel
        return [option_parameter(field.name, hints[field.name], field.default) for field in fields(cls)]

    @classmethod
    def take(cls, parameter: str, values: dict[str, Any]) -> Self:  # noqa: ARG003 - for groups that depend on it
        """Return the group, and remove the values of its options from those of a command."""
        return cls(**{field.name: values.pop(field.name) for field in fields(cls)})


def option_parameter(name: str, annotation: Any, default: object = None) -> inspect.Parameter:
    """Return an option as Typer reads it off a command's signature."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of each of its parameters that is an OptionGroup, in place of this parameter."""
    groups: dict[str, type[OptionGroup]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if isinstance(parameter.annotation, type) and issubclass(parameter.annotation, OptionGroup):
            groups[parameter.name] = parameter.annotation
            parameters += parameter.annotation.options(parameter.name)
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def with_groups(**values: Any) -> None:
        taken = {name: group.take(name, values) for name, group in groups.items()}
        command(**values, **taken)

    with_groups.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_groups.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_groups
