"""`tandem demo`."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.options import DeviceOption, QuietOption, SettingsOption

_RECIPE = """
[data]
train = { kind = "named", name = "captions", split = "train" }
validation = { kind = "named", name = "captions", split = "validation" }
test = { kind = "named", name = "captions", split = "test" }

[text]
reverse_source = true

[model]
layers = 1
hidden = 384
embedding = 192
dropout = 0.35
output_dropout = 0.3
tie_output = true

[training]
epochs = 12
batch_size = 32
label_smoothing = 0.1
optimizer = { learning_rate = 3e-3 }
learning_rate = { schedule = "linear", warmup_steps = 100, decay_from = 0.3 }
"""
_TEXTS = ("Guten Morgen!", "Ein kleiner Hund läuft durch den Park.", "Zwei Frauen sitzen auf einer Bank.")


@command
def demo_command(
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Default: runs/demo.")] = None,
    settings: SettingsOption = None,
    device: DeviceOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Train a small German-English translator on the built-in corpus, measure it, and translate a few sentences.

    - `tandem demo`
    - `tandem demo --out /tmp/demo`

    It needs no data and no network, and takes three minutes on two cores.
    """
    from tandem.cli.show import show_result
    from tandem.cli.training import TrainingPlan, free_directory, train_plan
    from tandem.console import PrintableConsole, announce
    from tandem.recipe import parse_recipe

    console = PrintableConsole(quiet=quiet)
    announce(console, "a German-English translator of picture captions, from the built-in corpus `captions`")
    where = out or free_directory("demo")
    plan = TrainingPlan(parse_recipe(_RECIPE, "the demo's recipe", settings or []), where)
    result = train_plan(plan, console, device=device)
    translations = result.translator.translate(_TEXTS)
    examples = [(text, translation.text) for text, translation in zip(_TEXTS, translations, strict=True)]
    show_result(PrintableConsole(), where, result, examples)
