"""The card of a model: Markdown that describes its data, its scores and its use.

The Hub reads the front matter: tags, languages, and the scores in the form of `model-index`.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tandem.hub.naming import HubName
from tandem.metrics.score import Score
from tandem.names import ExportPrecision
from tandem.recipe import HubCorpus, Recipe
from tandem.recipe.languages import NAMES, languages_of
from tandem.terminal import counted, printable

_METRICS = {"bleu": "BLEU", "chrf": "chrF", "ter": "TER", "exact": "exact match"}
_WORDS = ("word", "whitespace", "tags")


@dataclass(frozen=True)
class Card:
    """The contents of the card of a model."""

    name: HubName
    recipe: Recipe
    vocabularies: Sequence[int]
    """The numbers of source and target tokens."""
    calibrated: bool = False
    export: ExportPrecision | None = None
    """The precision of an export; None for a checkpoint."""
    parameters: int | None = None
    corpora: Mapping[str, Sequence[tuple[str, str]]] | None = None
    """The name and the SHA-256 of each file, by part of the data."""
    scores: Sequence[Score] = ()
    scored_on: str = ""
    """The part of the data that was scored: test, validation or training."""
    software: str = ""
    license: str | None = None

    def text(self) -> str:
        """Return the card as Markdown."""
        sections = (self._what(), self._use(), self._data(), self._scores(), self._recipe(), self._limits())
        return f"---\n{_yaml(self._front_matter())}---\n\n" + "\n\n".join(filter(None, sections)) + "\n"

    def _front_matter(self) -> dict[str, object]:
        """Return the front matter, in the Hub's terms."""
        languages = languages_of(self.recipe)
        cell, train = self.recipe.model.cell, self.recipe.data.train
        front: dict[str, object] = {"library_name": "tandem-seq2seq"}
        if self.license is not None:
            front["license"] = self.license
        if languages is not None:
            front["language"] = list(dict.fromkeys(languages))
            front["pipeline_tag"] = "translation"
        attention = [] if self.recipe.model.attention == "off" else ["attention"]
        form = ["safetensors"] if self.export is None else ["onnx"]
        front["tags"] = ["tandem", "seq2seq", "encoder-decoder", cell, *attention, *form]
        if isinstance(train, HubCorpus) and re.fullmatch(r"[\w.-]+(/[\w.-]+)?", train.name, re.ASCII):
            front["datasets"] = [train.name]
        if finite := [score for score in self.scores if math.isfinite(score.value)]:
            front["model-index"] = [{"name": self._title(), "results": [self._result(finite)]}]
        return front

    def _result(self, scores: Iterable[Score]) -> dict[str, object]:
        """Return the scores in the form of `model-index`; a signature is an argument of its metric."""
        corpus = ", ".join(self._corpus(self.scored_on))
        return {
            "task": {"type": "translation" if languages_of(self.recipe) else "text2text-generation"},
            "dataset": {"name": corpus, "type": re.sub(r"\W+", "-", corpus).strip("-") or "corpus"},
            "metrics": [
                {
                    "type": "exact_match" if score.name == "exact" else score.name,
                    "value": round(score.value, 4),
                    "name": _METRICS.get(score.name, score.name),
                    "args": {"signature": score.signature},
                }
                for score in scores
            ],
        }

    def _title(self) -> str:
        return self.name.model.partition("/")[2]

    def _what(self) -> str:
        model, languages = self.recipe.model, languages_of(self.recipe)
        task = "turns one sequence of text into another"
        if languages is not None:
            source, target = (NAMES.get(code, code) for code in languages)
            task = f"translates {source} into {target}"
        attention = "with attention" if model.attention != "off" else "without attention"
        form = "" if self.export is None else f" This is its export, two ONNX graphs in {self.export}."
        return (
            f"# {self._title()}\n\nA recurrent encoder-decoder ({model.cell.upper()}, {attention}) that {task}. It was "
            f"trained with Tandem on the corpus below, and on nothing else.{form}"
        )

    def _use(self) -> str:
        extras = "hub" if self.export is not None else "train,hub"
        return (
            f'## How to use it\n\n```bash\npip install "tandem-seq2seq[{extras}]"\n'
            f'tandem translate {self.name} "..."\n```\n\n'
            f'```python\nimport tandem\n\ntranslator = tandem.load("{self.name}")\n'
            'print(translator.translate(["..."])[0].text)\n```\n\n'
            "Loading runs no code from the files. The size and the SHA-256 of each file are checked, and that it fits "
            "the recipe."
        )

    def _data(self) -> str:
        recipe, rows = self.recipe, []
        for part, corpus in (self.corpora or {}).items():
            rows += [(part, _code(_last(name)), _code(sha256)) for name, sha256 in corpus]
        if not rows:
            rows = [(part, _code(name), "") for part in recipe.data.corpora() for name in self._corpus(part)]
        source, target = recipe.text.source, recipe.text.target
        case = [side for side, text in (("source", source), ("target", target)) if text.lowercase]
        lower = f" Lower-cased: {' and '.join(case)}." if case else ""
        return (
            f"## Data\n\n{_table(('part', 'corpus', 'SHA-256'), rows)}\n\n"
            f"Tokens: {source.tokenizer} for the source ({self.vocabularies[0]:,}), "
            f"{target.tokenizer} for the target ({self.vocabularies[1]:,}).{lower}"
        )

    def _scores(self) -> str:
        if not self.scores:
            return "## Scores\n\nNo scores are known. `tandem evaluate` measures the model on a corpus of yours."
        rows = [(_code(score.name), f"{score.value:.2f}", _code(score.signature)) for score in self.scores]
        corpus = ", ".join(map(_code, self._corpus(self.scored_on)))
        chosen = " This checkpoint was chosen by the same corpus." if self.scored_on != "test" else ""
        table = _table(("score", "value", "signature"), rows)
        return f"## Scores\n\nOn the {self.scored_on} corpus ({corpus}).{chosen}\n\n{table}"

    def _recipe(self) -> str:
        recipe = self.recipe
        model, training = recipe.model, recipe.training
        sides = "both directions" if model.bidirectional else "one direction"
        rows = [
            ("layers, units", f"{counted(model.layers, 'layer')} of {model.hidden:,}, encoder of {sides}"),
            ("embeddings", f"{model.embedding:,}"),
            ("attention", model.attention),
            ("weights", "" if self.parameters is None else f"{self.parameters:,}"),
            ("training", f"at most {counted(training.epochs, 'epoch')}, batches of {training.batch_size:,}"),
            ("optimiser", f"{training.optimizer.name}, learning rate {training.optimizer.learning_rate:g}"),
            ("seed", f"{recipe.seed}"),
            ("search", f"beam {recipe.search.beam}, length penalty {recipe.search.length_penalty:g}"),
            ("software", printable(self.software)),
        ]
        table = _table(("setting", "value"), [row for row in rows if row[1]])
        return f"## Recipe\n\n{table}\n\nEvery setting is in `recipe.toml`."

    def _limits(self) -> str:
        recipe = self.recipe
        limits = [
            "It knows only texts like those of its corpus. The output for other texts may be fluent and wrong.",
            f"It was trained on pairs of at most {recipe.data.max_tokens:,} tokens per side.",
        ]
        if recipe.text.source.tokenizer in _WORDS and not recipe.model.copy:
            limits.append(
                f"It knows {self.vocabularies[0]:,} source tokens. `--json` lists the others in a text as unknown."
            )
        if recipe.model.attention == "off":
            limits.append("A vector of fixed size holds the whole source, so long sources are translated worse.")
        if not self.calibrated:
            limits.append("Its confidences are not calibrated, so it gives none.")
        if self.export == "int8":
            limits.append("Its weights have 8 bits, so outputs may differ a little from those of the model in float32.")
        return "## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits)

    def _corpus(self, part: str) -> list[str]:
        """Return the names of the corpus of a part; one without a corpus was split off from the training data."""
        corpora = self.recipe.data.corpora()
        corpus = corpora.get(part, corpora["train"])
        return [_last(name) for name in corpus.names]


def _last(name: str) -> str:
    """Return the last part of a path: the names of its folders are private."""
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1]


def _code(text: str) -> str:
    """Return a text as code in Markdown, inside a table or outside."""
    return f"`{printable(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`" if text else ""


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _yaml(mapping: Mapping[str, object]) -> str:
    """Return a mapping as YAML, with its values in JSON, which is valid YAML."""
    return "".join(f"{key}: {printable(json.dumps(value, ensure_ascii=False))}\n" for key, value in mapping.items())
