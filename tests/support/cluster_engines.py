"""Stand-ins for Ray and Daft: they do in this process what an engine asks of them, and lose workers when told to."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any


class RayError(Exception):
    """What Ray raises."""


class StandInRay:
    """Ray: an actor answers when it is waited for. Of `room` actors more do not start."""

    exceptions = SimpleNamespace(RayError=RayError)

    def __init__(self, losses: Iterable[int] = (), *, room: int = 9, starts: bool = True, node: bool = True) -> None:
        self.losses = list(losses)
        """Shards whose actor is lost, once for each time that they are listed."""
        self.room = room
        self.starts = starts
        self.node = node
        self.connected = False
        self.calls: list[dict[str, Any]] = []
        self.alive: dict[Actor, None] = {}
        self.most = 0
        """The most shards that were with actors at once."""
        self.answers: dict[object, tuple[Actor, str, tuple[Any, ...]]] = {}

    def is_initialized(self) -> bool:
        return self.connected

    def init(self, **options: Any) -> None:
        self.calls.append(options)
        self.connected = True

    def shutdown(self) -> None:
        self.connected = False

    def remote(self, **options: Any) -> Any:
        self.calls.append(options)
        return lambda cls: SimpleNamespace(remote=lambda *arguments: Actor(self, cls(*arguments)))

    def wait(self, references: list[object], *, num_returns: int, timeout: float) -> tuple[list[object], list[object]]:
        assert num_returns == 1
        assert timeout > 0
        self.most = max(self.most, sum(self.answers[each][1] == "answer" for each in references))
        able = list(self.alive)[: self.room]
        running = [each for each in references if self.answers[each][0] in able]
        return running[:1], [each for each in references if each not in running[:1]]

    def get(self, reference: object) -> Any:
        actor, method, arguments = self.answers.pop(reference)
        if actor not in self.alive or not self.starts:
            raise RayError("The actor died unexpectedly\nbefore finishing this task.")
        if method == "answer" and arguments[0] in self.losses:
            self.losses.remove(arguments[0])
            self.alive.pop(actor, None)
            raise RayError("The actor died unexpectedly\nbefore finishing this task.")
        return getattr(actor.inner, method)(*arguments)

    def kill(self, actor: "Actor") -> None:
        self.alive.pop(actor, None)

    def nodes(self) -> list[dict[str, bool]]:
        return [{"Alive": False}, {"Alive": self.node}]

    def available_resources(self) -> dict[str, float]:
        return {"CPU": 0.5}


class Actor:
    """The handle of an actor."""

    def __init__(self, ray: StandInRay, inner: Any) -> None:
        self.inner = inner
        self.ready = SimpleNamespace(remote=lambda *arguments: self._ask(ray, "ready", arguments))
        self.answer = SimpleNamespace(remote=lambda *arguments: self._ask(ray, "answer", arguments))
        ray.alive[self] = None

    def _ask(self, ray: StandInRay, method: str, arguments: tuple[Any, ...]) -> object:
        reference = object()
        ray.answers[reference] = self, method, arguments
        return reference


class DaftCoreException(Exception):
    """What Daft raises."""


class StandInDaft:
    """Daft: a query calls the function for one number at a time, and fails as a whole where a worker is lost."""

    exceptions = SimpleNamespace(DaftCoreException=DaftCoreException)

    def __init__(self, losses: Iterable[int] = (), runner: str = "native") -> None:
        self.losses = list(losses)
        self.threads: int | None = None
        self.queries: list[list[int]] = []
        self.options: dict[str, Any] = {}
        self.parts: list[int] = []
        """The number of parts of each query's frame that was divided."""
        self.runners = SimpleNamespace(get_or_infer_runner_type=lambda: runner)
        self.DataType = SimpleNamespace(string=lambda: "string")
        self.method = SimpleNamespace(batch=self._batch)
        self.func = SimpleNamespace(batch=self._function)

    def set_runner_native(self, *, num_threads: int) -> None:
        if self.threads is not None:
            raise DaftCoreException("DaftError::InternalError Compute runtime num worker threads already set")
        self.threads = num_threads

    def _batch(self, *, return_dtype: str, batch_size: int) -> Any:
        assert (return_dtype, batch_size) == ("string", 1)
        return lambda method: method

    def _function(self, *, return_dtype: str, batch_size: int, use_process: bool) -> Any:
        assert (return_dtype, batch_size, use_process) == ("string", 1, False)
        return lambda function: lambda column: SimpleNamespace(alias=lambda name: (name, function))

    def cls(self, **options: Any) -> Any:
        self.options = options

        def made(cls: Any) -> Any:
            def instance(*arguments: Any) -> Any:
                inner = cls(*arguments)
                return SimpleNamespace(answers=lambda column: SimpleNamespace(alias=lambda name: (name, inner.answers)))

            return instance

        return made

    def col(self, name: str) -> str:
        return name

    def execution_config_ctx(self, *, maintain_order: bool) -> AbstractContextManager[None]:
        assert not maintain_order
        return nullcontext()

    def from_pydict(self, columns: dict[str, list[int]]) -> Any:
        numbers = columns["number"]
        self.queries.append(numbers)
        frame = SimpleNamespace(select=lambda column: SimpleNamespace(iter_rows=lambda: self._rows(numbers, *column)))

        def into_partitions(count: int) -> SimpleNamespace:
            self.parts.append(count)
            return frame

        frame.into_partitions = into_partitions
        return frame

    def _rows(self, numbers: list[int], name: str, function: Any) -> Iterator[dict[str, str]]:
        for number in numbers:
            if number in self.losses:
                self.losses.remove(number)
                raise RuntimeError("The actor died unexpectedly before finishing this task.")
            (answer,) = function(SimpleNamespace(to_pylist=lambda number=number: [number]))
            yield {name: answer}
