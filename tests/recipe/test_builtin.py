"""The built-in recipes are found by name wherever Tandem is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tandem.cli.commands import load_command
from tandem.errors import RecipeError
from tandem.recipe import load_recipe
from tandem.recipe.builtin import builtin_recipes, find_builtin

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_those_of_the_repository_are_built_in_and_the_help_names_them() -> None:
    assert builtin_recipes() == sorted(path.stem for path in (ROOT / "recipes").glob("*.toml"))
    help_text = " ".join(load_command("train").help.split())
    assert f"Built-in recipes: {', '.join(builtin_recipes())}." in help_text


@pytest.mark.parametrize("name", ["multi30k", "multi30k.toml", "recipes/multi30k.toml"])
def test_a_built_in_recipe_has_three_names(name: str) -> None:
    assert load_recipe(name) == load_recipe(ROOT / "recipes" / "multi30k.toml")


@pytest.mark.parametrize("name", ["multi30", "other/multi30k.toml", "multi30k.csv", "../multi30k", "/multi30k"])
def test_other_names_mean_no_built_in_recipe(name: str) -> None:
    assert find_builtin(Path(name)) is None
    with pytest.raises(RecipeError, match=r"there is no such recipe\. The built-in ones are cmudict, "):
        load_recipe(name)


def test_a_file_of_the_name_goes_first() -> None:
    Path("scan.toml").write_text('[data]\ntrain = { kind = "named", name = "captions" }\n', encoding="utf-8")
    assert load_recipe("scan.toml").data.train.kind == "named"
    assert find_builtin(Path("scan")) is not None


def test_a_wheel_holds_them(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    program = "from tandem.recipe import builtin as b; print(b.builtin_recipes(), b.find_builtin(b.Path('scan')))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    folder = tmp_path / "installed" / "tandem" / "recipes"
    assert done.stdout == f"{builtin_recipes()} {folder / 'scan.toml'}\n"
