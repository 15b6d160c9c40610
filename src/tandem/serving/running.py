"""Runs the server for `tandem serve` and `tandem look`, from their options to the end of the process."""

import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tandem.runs.watched_run import WatchedRun, is_run
from tandem.serving.access_log import WriteLine
from tandem.serving.app import make_app
from tandem.serving.continuous import Continuous
from tandem.serving.gate import Gate
from tandem.serving.metrics import Metrics
from tandem.serving.models import Loading, Models
from tandem.serving.server import Server
from tandem.serving.server_settings import ServerSettings
from tandem.serving.service import Service
from tandem.serving.sources import Source
from tandem.serving.tokens import Tokens
from tandem.serving.translating import StepObserver, Translating
from tandem.terminal import Notify
from tandem.translation import Translator


def serve(
    sources: Sequence[Source],
    bound: socket.socket,
    settings: ServerSettings,
    load: Callable[[Sequence[Path]], Translator],
    *,
    write_line: WriteLine,
    notify: Notify,
    alive: int | None = None,
    make_translating: Callable[[Translator, StepObserver], Translating] = Continuous,
    on_listening: Callable[[str], object] | None = None,
) -> None:
    """Load the models, then answer requests at a bound socket until the process is told to end.

    `make_translating` makes the `Translating` of a model. A worker stops once the pipe `alive` ends. `on_listening` is
    called with the address; if it is None, the address is printed. Raise TandemError if a model or the tokens cannot be
    read, and KeyboardInterrupt after Ctrl-C.
    """
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there are models to reload
    tokens = Tokens.read(settings.tokens) if settings.tokens else None
    metrics = Metrics()
    loading = Loading(load, lambda name, translator: make_translating(translator, metrics.observer(name)))
    service = Service(
        Models(sources, loading, notify, later=settings.later),
        metrics,
        Gate(settings.limits.waiting),
        write_line,
        settings.limits,
        tokens,
        settings.log_texts,
        _runs(sources),
    )
    app = make_app(service, origins=settings.origins, follow=settings.follow)
    announce = on_listening or (lambda at: notify(f"serving {', '.join(service.models.served)} at {at}; Ctrl-C ends"))
    server = Server(app, service, settings.tokens, notify, alive, on_listening=announce)
    server.run([bound])
    if server.interrupted:
        raise KeyboardInterrupt


def _runs(sources: Sequence[Source]) -> dict[str, WatchedRun]:
    """Return the sources that are trainings, by name."""
    alone = {source.name: source.paths[0] for source in sources if len(source.paths) == 1}
    return {name: WatchedRun(path) for name, path in alone.items() if is_run(path)}
