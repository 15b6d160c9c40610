"""Every kind of model, optimiser, schedule and precision trains, and trains what it was asked to."""

import math
from pathlib import Path

import pytest
import torch

from tandem.build import build_model
from tandem.runs.corpora import GivenPairs
from tandem.runs.execution import run_recipe
from tandem.training.events import Finished, StepDone, Validated
from tests.support.runs import Remember, number_pairs, run_tiny, tiny_recipe

KINDS = [
    ("model.cell=lstm", "model.tie_output=true", "model.output_dropout=0.3"),
    ("model.cell=gru", "model.layers=1"),
    ("model.cell=rnn", "model.init_range=torch"),
    ("model.attention=gnmt", "model.attention_score=additive", "model.bidirectional=true", "model.layers=2"),
    ("training.optimizer.name=adamw", "training.optimizer.weight_decay=0.1", "training.accumulate=2"),
    ("training.optimizer.name=sgd", "training.optimizer.learning_rate=0.5", "training.optimizer.momentum=0.9"),
    ("training.learning_rate.schedule=linear", "training.learning_rate.warmup_steps=3", "training.clip_norm=off"),
    ("training.learning_rate.schedule=inverse-sqrt", "training.learning_rate.warmup_steps=2"),
    ("training.learning_rate.schedule=halving", "training.learning_rate.halve_after=0.5"),
    ("training.learning_rate.schedule=plateau", "training.learning_rate.patience=1"),
    ("training.teacher_forcing.schedule=linear", "training.teacher_forcing.by_token=true"),
    ("training.precision=bfloat16", "training.keep=bleu", "training.label_smoothing=0.1"),
    ("text.source.tokenizer=character", "text.target.tokenizer=bpe", "text.reverse_source=true"),
]


@pytest.mark.parametrize("settings", KINDS, ids=lambda settings: " ".join(settings))
def test_it_trains(settings: tuple[str, ...], tmp_path: Path) -> None:
    heard = Remember()
    result = run_tiny(tmp_path, *settings, recorders=[heard])
    translator = result.translator
    sizes = len(translator.source_tokenizer), len(translator.target_tokenizer)
    before = build_model(translator.recipe, *sizes).state_dict()
    after = translator.model.state_dict()
    # Each weight that a gradient reaches has moved: all but single rows of tokens that training never showed.
    assert [name for name in before if torch.equal(before[name], after[name])] == []
    steps = [event for event in heard.events if isinstance(event, StepDone)]
    validated = [event for event in heard.events if isinstance(event, Validated)]
    assert [event.epoch for event in validated] == [1, 2]
    assert all(math.isfinite(step.loss) and math.isfinite(step.gradient_norm) for step in steps)
    assert len(steps) == (10 if "training.accumulate=2" not in settings else 6)
    last = heard.events[-1]
    assert isinstance(last, Finished)
    assert last.reason == "all 2 epochs done"
    # The loss that was told is that of the checkpoint that was kept.
    best = next(event for event in validated if event.epoch == last.best_epoch)
    tolerance = 0.02 if "training.precision=bfloat16" in settings else 1e-5
    assert result.evaluation.score("loss") == pytest.approx(best.validation.loss, rel=tolerance)


def test_learning_rates_are_those_of_the_schedule(tmp_path: Path) -> None:
    heard = Remember()
    settings = ("training.learning_rate.schedule=linear", "training.learning_rate.warmup_steps=4", "training.epochs=1")
    run_tiny(tmp_path, *settings, recorders=[heard])
    rates = [event.learning_rate for event in heard.events if isinstance(event, StepDone)]
    assert rates == pytest.approx([1e-3 * factor for factor in (0.25, 0.5, 0.75, 1.0, 0.5)])


def test_patience_ends_a_training_that_gets_no_better(tmp_path: Path) -> None:
    heard = Remember()
    settings = ("training.patience=2", "training.epochs=9", "training.optimizer.learning_rate=1e-30")
    run_tiny(tmp_path, *settings, recorders=[heard])
    last = heard.events[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.best_epoch) == ("no better for 2 validations", 1)
    assert sum(isinstance(event, Validated) for event in heard.events) == 3


@pytest.mark.parametrize("keep", ["loss", "bleu", "chrf", "exact"])
def test_the_best_is_kept_by_the_criterion(keep: str, tmp_path: Path) -> None:
    heard = Remember()
    settings = (f"training.keep={keep}", "training.epochs=4", "training.optimizer.learning_rate=0.05")
    result = run_tiny(tmp_path, *settings, recorders=[heard])
    validated = [event for event in heard.events if isinstance(event, Validated)]
    scores = [0.0 if keep == "loss" else -event.validation.scores[keep] for event in validated]
    # Of equals the lower loss decides, but for BLEU and chrF the earlier one.
    ties = [event.validation.loss if keep in ("loss", "exact") else 0.0 for event in validated]
    values = list(zip(scores, ties, strict=True))
    best = validated[values.index(min(values))]
    assert result.evaluation.score("loss") == pytest.approx(best.validation.loss, rel=1e-5)
    assert [event.best for event in validated] == [
        value < min(values[:number], default=(math.inf, 0)) for number, value in enumerate(values)
    ]


@pytest.mark.parametrize(("longest", "warnings"), [(3, 1), (4, 0)])
def test_where_bleu_is_always_0_it_is_said_that_it_chooses_nothing(longest: int, warnings: int, tmp_path: Path) -> None:
    said: list[str] = []
    given = GivenPairs(number_pairs(40), number_pairs(30, seed=2, longest=longest))
    recipe = tiny_recipe("training.keep=bleu", "training.epochs=1")
    run_recipe(recipe, tmp_path, device="cpu", given=given, notify=said.append)
    messages = [line for line in said if line.startswith('training.keep is "bleu", which cannot tell')]
    assert len(messages) == warnings
    assert all(line.endswith("Set training.keep to exact, chrf or loss") for line in messages)


def test_validation_scores_each_source_once_against_all_its_targets(tmp_path: Path) -> None:
    heard = Remember()
    twice = [("eins", "one"), ("zwei", "two"), ("eins", "un"), ("drei", "three")]
    settings = ("search.beam=1", "training.epochs=1", "training.optimizer.learning_rate=0.02")
    result = run_recipe(
        tiny_recipe(*settings),
        tmp_path,
        device="cpu",
        given=GivenPairs(number_pairs(200, longest=4), twice),
        recorders=[heard],
    )
    validated = next(event for event in heard.events if isinstance(event, Validated))
    assert validated.validation.scores == {name: result.evaluation.score(name) for name in ("bleu", "chrf", "exact")}
    assert next(iter(validated.validation.scores)) == "exact"  # the targets are single words
    assert [(sample.source, sample.reference) for sample in validated.validation.samples] == [
        ("eins", "one"),
        ("zwei", "two"),
        ("drei", "three"),
    ]


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    results = [run_tiny(tmp_path / name, f"seed={seed}") for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    a, b, c = (result.translator.model.state_dict() for result in results)
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not any(torch.equal(a[name], c[name]) for name in a)
