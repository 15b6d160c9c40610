"""Every damage to a run's files is refused by the name of the file."""

from pathlib import Path

from tandem.errors import CheckpointError
from tests.system.damages import DAMAGES, damage_run, failure


def test_damages_are_refused_by_name(tmp_path: Path) -> None:
    done, failures = damage_run(250, 7, tmp_path)
    assert failures == []
    assert done.keys() == DAMAGES.keys()


def test_what_is_not_refused_as_it_must_be_is_found() -> None:
    def wrong() -> None:
        raise CheckpointError("run/b: damaged. It may be that run/a is, too")

    def other() -> None:
        raise KeyError("a")

    place = Path("run/a")
    assert failure(lambda: None, [place]) == "it was loaded"
    assert failure(other, [place]) == "KeyError: 'a'"
    assert str(failure(wrong, [place])).startswith("the wrong file is named: run/b")
    assert failure(wrong, [place, Path("run/b")]) is None
