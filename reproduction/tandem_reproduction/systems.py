"""What trained models do with the test corpus: computed once, and kept in files."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tandem.corpora.pairs import Pair
from tandem.files.atomic import replace_file
from tandem.files.seals import FORMAT_FILE
from tandem.metrics import BleuTokenizer
from tandem.metrics.bootstrap import Statistics, Table, bleu_statistics
from tandem.model_paths import checkpoint_of
from tandem.recipe import Device
from tandem.rescoring import Candidate, NBestList, even_weights, judge, oracle, score_lists
from tandem.terminal import Notify
from tandem.text import normalise
from tandem.translation import Translator, load

N_BEST = 100
"""The number of hypotheses in a list that is rescored; the paper's lists have 1,000."""


@dataclass(frozen=True)
class Rescored:
    """The tables of BLEU for three choices from the n-best lists of a system."""

    listed: Statistics
    """The table of the lists' first hypotheses."""
    rescored: Statistics
    """The table of the hypotheses that are first by the average of the list's score and the models'."""
    oracle: Statistics
    """The table of the best choice that is found with the references."""


class Systems:
    """Single models and ensembles, by the names of their runs, and what they do with a corpus."""

    def __init__(
        self,
        runs: Path,
        folder: Path,
        pairs: Sequence[Pair],
        *,
        lowercase: bool,
        tokenizer: BleuTokenizer,
        length_penalty: float,
        device: Device,
        notify: Notify,
    ) -> None:
        """Take the folders of the runs and of the results. `notify` gets the name of each work when it begins."""
        self._runs = runs
        self._folder = folder
        self._sources = [pair.source for pair in pairs]
        self._references = [pair.target for pair in pairs]
        self._lowercase = lowercase
        self._tokenizer: BleuTokenizer = tokenizer
        self._length_penalty = length_penalty
        self._device: Device = device
        self._notify = notify

    def bleu(self, names: Sequence[str], beam: int) -> Statistics:
        """Return the table of BLEU of the models' translations."""
        texts = self._once(
            f"{'+'.join(names)}.beam-{beam}",
            names,
            {"beam": beam, "length_penalty": self._length_penalty, "sources": self._sources},
            lambda: self._translations(names, beam, 1),
        )
        return self._statistics([hypotheses[0]["text"] for hypotheses in texts])

    def perplexity(self, names: Sequence[str]) -> Table:
        """Return nats and tokens of each reference, `[N, 2]`, `<eos>` included."""
        rows = self._once(
            f"{'+'.join(names)}.likelihood",
            names,
            {"sources": self._sources, "references": self._references},
            lambda: [
                [-score.log_probability, len(score.token_scores)]
                for score in self._load(names).score(self._sources, self._references)
            ],
        )
        return np.array(rows)

    def rescored(self, name: str, by: Sequence[str]) -> Rescored:
        """Rescore the n-best lists of a model by other models with even weights."""
        search = {"beam": N_BEST, "length_penalty": self._length_penalty, "sources": self._sources}
        lists = self._once(f"{name}.best-{N_BEST}", [name], search, lambda: self._translations([name], N_BEST, N_BEST))
        figures = self._once(
            f"{name}.best-{N_BEST}.by-{'+'.join(by)}",
            [name, *by],
            {**search, "references": self._references, "lowercase": self._lowercase, "tokenizer": self._tokenizer},
            lambda: self._choices(lists, by),
        )
        texts = [[hypothesis["text"] for hypothesis in hypotheses] for hypotheses in lists]
        chosen = ([own[k] for own, k in zip(texts, choice, strict=True)] for choice in figures)
        return Rescored(*(self._statistics(each) for each in chosen))

    def _translations(self, names: Sequence[str], beam: int, n_best: int) -> list[list[dict[str, Any]]]:
        translator = self._load(names)
        settings = translator.search_settings(beam=beam, n_best=n_best, length_penalty=self._length_penalty)
        made = translator.translate(self._sources, settings)
        return [[{"text": t.text, "score": t.score} for t in one.alternatives or (one,)] for one in made]

    def _choices(self, lists: list[list[dict[str, Any]]], by: Sequence[str]) -> list[list[int]]:
        """Return which hypotheses are first in the lists, which are first after rescoring, and the oracle's choice."""
        weights = even_weights(["score"], self._length_penalty)
        nbest = [
            NBestList(number, tuple(Candidate(h["text"], h["score"]) for h in hypotheses), source)
            for number, (hypotheses, source) in enumerate(zip(lists, self._sources, strict=True))
        ]
        judged = [
            judge(scored, reference, weights, lowercase=self._lowercase, tokenizer=self._tokenizer)
            for scored, reference in zip(score_lists(self._load(by), nbest), self._references, strict=True)
        ]
        values = np.array(list(weights.values.values()))
        return [
            [0] * len(judged),
            [int((one.figures @ values).argmax()) for one in judged],
            oracle([one.statistics for one in judged]),
        ]

    def _statistics(self, texts: Sequence[str]) -> Statistics:
        references = [[normalise(reference)] for reference in self._references]
        hypotheses = [normalise(text) for text in texts]
        return bleu_statistics(hypotheses, references, lowercase=self._lowercase, tokenize=self._tokenizer)

    def _load(self, names: Sequence[str]) -> Translator:
        return load([self._runs / name for name in names], device=self._device)

    def _once(self, name: str, names: Sequence[str], given: dict[str, Any], work: Callable[[], Any]) -> Any:
        """Return what `work` returns, or what it returned before for the same models and the same `given` values."""
        path = self._folder / f"{name}.json"
        models = [(checkpoint_of(self._runs / run) / FORMAT_FILE).read_text("utf-8") for run in names]
        key = hashlib.sha256(json.dumps([models, given]).encode()).hexdigest()
        if path.is_file():
            kept = json.loads(path.read_text("utf-8"))
            if kept["of"] == key:
                return kept["found"]
        self._notify(name)
        result = work()
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps({"of": key, "found": result}) + "\n")
        return result
