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
        metavar="[NAME=]MODEL...", help="Runs, checkpoints or exports. The default NAME is the last part of the path."
    ),
]


@dataclass(frozen=True)
class ServedOptions(OptionGroup):
    """Further options of the models."""

    panel = "Models"

    ensembles: list[str] | None = option(
        None, "--ensemble", metavar="NAME=A,B", help="An ensemble of named models. May be repeated."
    )
    languages: list[str] | None = option(
        None,
        "--languages",
        metavar="[NAME=]de:en",
        help="The languages that a model reads and writes. May be repeated.",
    )
    follow: bool = option(False, "--reload", help="Reload a model when it changes on disk, such as a run in training.")


@dataclass(frozen=True)
class PlaceOptions(OptionGroup):
    """The address of the server, and its clients."""

    panel = "The server"

    host: str = option("127.0.0.1", metavar="ADDRESS", help="The address to listen on; 0.0.0.0 is all of IPv4.")
    port: int = option(8000, min=0, max=65535, help="The port; 0 chooses a free one.")
    workers: int = option(1, min=1, max=LARGEST_PROCESSES, help="Processes, each of which loads all models.")
    tokens: Path | None = option(None, metavar="FILE", help="Require one of the tokens in this file, one per line.")
    origins: list[str] | None = option(
        None, "--cors", metavar="ORIGIN", help="Allow requests from pages of this origin. May be repeated."
    )


@dataclass(frozen=True)
class LimitOptions(OptionGroup):
    """The limits of a request, and of all waiting requests together."""

    panel = "Limits"

    characters: int = option(10_000, "--max-characters", min=1, max=LARGEST_COUNT, help="Most characters in a text.")
    texts: int = option(128, "--max-texts", min=1, max=LARGEST_COUNT, help="Most texts in a request.")
    body: int = option(2**20, "--max-body", min=1, max=LARGEST_COUNT, help="Most bytes in a request.")
    beam: int = option(32, "--max-beam", min=1, max=LARGEST_BEAM, help="The widest beam, and the most translations.")
    waiting: int = option(
        1024, "--max-waiting", min=1, max=LARGEST_COUNT, help="Most texts of all requests that wait for an answer."
    )
    seconds: float = option(60.0, "--max-seconds", min=0.1, max=86_400, help="Most seconds that a request may take.")

    def limits(self) -> "Limits":
        """Return the limits."""
        from tandem.serving.limits import Limits

        return Limits(**asdict(self))


@dataclass(frozen=True)
class LogOptions(OptionGroup):
    """What the server logs."""

    panel = OUTPUT

    log_texts: bool = option(False, "--log-texts", help="Also write the texts to the access log.")


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
    """Serve models over HTTP: translations, scores, LibreTranslate's interface, Prometheus metrics.

    - `tandem serve runs/demo`: at http://127.0.0.1:8000, until Ctrl-C
    - `tandem serve de=runs/one cs=runs/two --languages de=de:en --languages cs=cs:en`
    - `tandem serve one=runs/one two=runs/two --ensemble both=one,two`
    - `tandem serve runs/mine-onnx --host 0.0.0.0 --workers 2 --tokens tokens.txt`
    """
    import starlette  # noqa: F401 - if it is missing, only one process reports it
    import uvicorn  # noqa: F401

    from tandem.hub.fetching import local_model
    from tandem.model_paths import checkpoint_of
    from tandem.serving.server_settings import ServerSettings
    from tandem.serving.sockets import bound_socket
    from tandem.serving.sources import sources_of
    from tandem.serving.workers import in_processes

    sources = [
        source._replace(paths=tuple(map(local_model, source.paths)))  # downloaded once, for all workers and reloads
        for source in sources_of(models, served.ensembles or [], served.languages or [])
    ]
    for source in sources:
        for path in source.paths:
            checkpoint_of(path)
    settings = ServerSettings(limits.limits(), place.tokens, place.origins or (), served.follow, log.log_texts)
    with bound_socket(place.host, place.port) as bound:
        alive = in_processes(place.workers, notify) if place.workers > 1 else None
        if place.workers > 1 and alive is None:
            return
        # Imported after the workers are forked: on import, prometheus-client checks whether there are several.
        from tandem.serving.running import serve

        serve(sources, bound, settings, model.load, write_line=write_line, notify=notify, alive=alive)
