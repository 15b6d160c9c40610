"""Groups of options that several commands share: each is declared once, as a dataclass with an option a field."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import wraps
from typing import Annotated, Any, ClassVar, Self, get_type_hints

import typer


@dataclass(frozen=True)
class OptionGroup:
    """The base of all groups. Each field is an `option`, or annotated as a parameter of a command, with a default."""

    panel: ClassVar[str]  # The title of the section of --help that shows the options

    @classmethod
    def options(cls, parameter: str) -> list[inspect.Parameter]:  # noqa: ARG003 - for groups that depend on it
        """Return the options of a command that has a `parameter` of this type."""
        hints = get_type_hints(cls, include_extras=True)
        parameters = []
        for place in fields(cls):
            annotation: Any = (
                Annotated[hints[place.name], place.metadata["option"]] if place.metadata else hints[place.name]
            )
            for declared in annotation.__metadata__:
                declared.rich_help_panel = cls.panel
            parameters.append(option_parameter(place.name, annotation, place.default))
        return parameters

    @classmethod
    def take_from(cls, parameter: str, values: dict[str, Any]) -> Self:  # noqa: ARG003 - for groups that depend on it
        """Build the group from a command's values, and remove the values that it took."""
        return cls(**{place.name: values.pop(place.name) for place in fields(cls)})


def option(
    default: Any,
    *names: str,
    help: str,
    metavar: str | None = None,
    min: float | None = None,
    max: float | None = None,
) -> Any:
    """Return the field of a group that declares an option as `typer.Option` does."""
    declared = typer.Option(*names, help=help, metavar=metavar, min=min, max=max)
    return field(default=default, metadata={"option": declared})


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
        taken = {name: group.take_from(name, values) for name, group in groups.items()}
        command(**values, **taken)

    with_groups.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_groups.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_groups
