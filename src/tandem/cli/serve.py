"""`tandem serve`."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from tandem.cli.commands import command
from tandem.cli.groups import OptionGroup, option
from tandem.cli.options import OUTPUT, EnsembleOptions
from tandem.cli.streams import notify, write_line
from tandem.names import LARGEST_BEAM, LARGEST_COUNT, LARGEST_PROCESSES

if TYPE_CHECKING:
    from tandem.serving.limits import Limits

ServedArgument: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="[NAME=]MODEL...", help="Runs, checkpoints or exports; a name is else the last part of the path."
    ),
]


@dataclass(frozen=True)
class ServedOptions(OptionGroup):
    """What else is known of the models."""

    panel = "Models"

    ensembles: list[str] | None = option(
        None, "--ensemble", metavar="NAME=A,B", help="An ensemble of models that are named; may be repeated."
    )
    languages: list[str] | None = option(
        None, "--languages", metavar="[NAME=]de:en", help="What a model reads and writes; may be repeated."
    )
    follow: bool = option(False, "--reload", help="Load a model anew when it changes, as a run that trains does.")


@dataclass(frozen=True)
class PlaceOptions(OptionGroup):
    """Where the server is, and who may ask it."""

    panel = "The server"

    host: str = option("127.0.0.1", metavar="ADDRESS", help="The address to answer at; 0.0.0.0 is all of IPv4.")
    port: int = option(8000, min=0, max=65535, help="The port; 0 takes one that is free.")
    workers: int = option(1, min=1, max=LARGEST_PROCESSES, help="Processes, each of which loads all models.")
    tokens: Path | None = option(None, metavar="FILE", help="Answer only to those with a token; one a line.")
    origins: list[str] | None = option(
        None, "--cors", metavar="ORIGIN", help="Let pages of this origin ask; may be repeated."
    )


@dataclass(frozen=True)
class LimitOptions(OptionGroup):
    """What a request may ask for, and how much may wait."""

    panel = "Limits"

    characters: int = option(10_000, "--max-characters", min=1, max=LARGEST_COUNT, help="Characters of a text.")
    texts: int = option(128, "--max-texts", min=1, max=LARGEST_COUNT, help="Texts of a request.")
    body: int = option(2**20, "--max-body", min=1, max=LARGEST_COUNT, help="Bytes of a request.")
    beam: int = option(32, "--max-beam", min=1, max=LARGEST_BEAM, help="The widest beam, and the most translations.")
    waiting: int = option(
        1024, "--max-waiting", min=1, max=LARGEST_COUNT, help="Texts of all requests that have no answer yet."
    )
    seconds: float = option(60.0, "--max-seconds", min=0.1, max=86_400, help="Seconds that a request may take.")

    def limits(self) -> "Limits":
        """Return the limits."""
        from tandem.serving.limits import Limits

        return Limits(**asdict(self))


@dataclass(frozen=True)
class LogOptions(OptionGroup):
    """What is written down."""

    panel = OUTPUT

    log_texts: bool = option(False, "--log-texts", help="Write the texts, too, into the access log.")


@command
def serve_command(
    models: ServedArgument,
    *,
    served: ServedOptions,
    place: PlaceOptions,
    limits: LimitOptions,
    model: EnsembleOptions,
    log: LogOptions,
) -> None:
    """Serve models over HTTP: translations, scores, LibreTranslate's interface, figures for Prometheus.

    - `tandem serve runs/demo`: at http://127.0.0.1:8000, until Ctrl-C
    - `tandem serve de=runs/one cs=runs/two --languages de=de:en --languages cs=cs:en`
    - `tandem serve one=runs/one two=runs/two --ensemble both=one,two`
    - `tandem serve runs/mine-onnx --host 0.0.0.0 --workers 2 --tokens tokens.txt`
    """
    import starlette  # noqa: F401 - where it is missing, one process says so
    import uvicorn  # noqa: F401

    from tandem.hub.fetching import local_model
    from tandem.model_paths import checkpoint_of
    from tandem.serving.sockets import bound_socket
    from tandem.serving.sources import sources_of
    from tandem.serving.wishes import Wishes
    from tandem.serving.workers import in_processes

    sources = [
        source._replace(paths=tuple(map(local_model, source.paths)))  # fetched once, for all workers and reloads
        for source in sources_of(models, served.ensembles or [], served.languages or [])
    ]
    for source in sources:
        for path in source.paths:
            checkpoint_of(path)
    wishes = Wishes(limits.limits(), place.tokens, place.origins or (), served.follow, log.log_texts)
    with bound_socket(place.host, place.port) as bound:
        alive = in_processes(place.workers, notify) if place.workers > 1 else None
        if place.workers > 1 and alive is None:
            return
        # Imported once the workers are forked: prometheus-client looks at its import whether there are several.
        from tandem.serving.running import serve

        serve(sources, bound, wishes, model.load, write_line=write_line, notify=notify, alive=alive)
