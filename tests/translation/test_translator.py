"""What a translator promises about its arguments, its limits and its answers."""

import copy
import os
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from tandem.batches import pad_sentences
from tandem.engines.averaging import log_normaliser
from tandem.engines.members import Member
from tandem.engines.prepared_model import PreparedModel
from tandem.errors import CheckpointError, TandemError
from tandem.metrics.calibration import Calibration
from tandem.models import CellType, RecurrentState
from tandem.recipe import override
from tandem.text import EOS_ID, SOS_ID, UNK_ID
from tandem.text.codec import MAX_SOURCE_CHARACTERS, frame
from tandem.translation import Translator, load
from tandem.translation.constructors import translator_from_members
from tandem.translation.messages import Translation
from tests.support.models import CELL_TYPES
from tests.support.runs import number_pairs, saved, untrained

SOURCES = [source for source, _ in number_pairs(12, seed=3)]


@pytest.fixture(scope="module")
def translator() -> Translator:
    return untrained()


def fond_of(token: int, cell: CellType = "lstm") -> Translator:
    """A model that finds this token likelier than anything else, always."""
    made = untrained(cell)
    with torch.no_grad():
        made.model.decoder.fc_out.bias[token] += 1000
    return translator_from_members(
        made.members, made.source_tokenizer, made.target_tokenizer, device=torch.device("cpu")
    )


def test_translations_come_in_order_and_empty_texts_are_empty(translator: Translator) -> None:
    texts = ["", *SOURCES[:2], " \t ", *SOURCES[2:], ""]
    found = translator.translate(texts)
    assert [found[n] for n in (0, 3, -1)] == [Translation("", 0.0, (), ())] * 3
    assert [t.text for t in found[1:3]] == [t.text for t in translator.translate(SOURCES[:2])]
    assert translator.translate([]) == []
    assert translator.translate(["", ""]) == [Translation("", 0.0, (), ())] * 2


def test_an_empty_text_has_one_empty_alternative_where_several_are_asked_for(translator: Translator) -> None:
    (found,) = translator.translate([""], translator.search_settings(n_best=2))
    assert [a.text for a in found.alternatives] == [""]


def test_one_text_is_no_list_of_texts(translator: Translator) -> None:
    with pytest.raises(TypeError, match=r"translate takes a list of texts: translate\(\[\"\.\.\.\"\]\), not"):
        translator.translate("eins")


def test_texts_are_read_a_window_at_a_time(translator: Translator) -> None:
    asked = 0

    def endless() -> Iterator[str]:
        nonlocal asked
        while True:
            asked += 1
            yield SOURCES[asked % len(SOURCES)]

    stream = translator.translate_stream(endless(), translator.search_settings(beam=1, batch_size=2))
    first = [next(stream) for _ in range(3)]
    assert asked == 2 * 8
    assert [t.text for t in first] == [
        t.text for t in translator.translate(SOURCES[1:4], translator.search_settings(beam=1))
    ]


@pytest.mark.parametrize("bound", ["_MOST_LOGITS", "_MOST_TOKENS"])
def test_a_batch_is_cut_where_it_would_take_much_memory(
    translator: Translator, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    settings = translator.search_settings(beam=3)
    whole = translator.translate(SOURCES, settings)
    batches: list[list[list[int]]] = []

    def spy(sentences: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        batches.append(sentences)
        return pad_sentences(sentences)

    a_sentence = {"_MOST_LOGITS": 3 * len(translator.target_tokenizer), "_MOST_TOKENS": 3 * 7}[bound]
    monkeypatch.setattr("tandem.engines.torch_engine.pad_sentences", spy)
    monkeypatch.setattr(f"tandem.translation.settings.{bound}", 2 * a_sentence + 3)
    assert [t.text for t in translator.translate(SOURCES, settings)] == [t.text for t in whole]
    assert sum(map(len, batches)) == len(SOURCES)
    for batch in batches:
        places = len(batch) * max(map(len, batch))
        assert len(batch) <= 2 if bound == "_MOST_LOGITS" else len(batch) == 1 or places <= 15


def test_many_windows_keep_the_order(translator: Translator) -> None:
    texts = SOURCES * 4
    found = list(translator.translate_stream(iter(texts), translator.search_settings(beam=1, batch_size=1)))
    assert [t.text for t in found] == [t.text for t in translator.translate(texts, translator.search_settings(beam=1))]


def test_a_source_that_is_too_long_is_cut_and_marked() -> None:
    translator = untrained("lstm", "search.max_length_factor=0.001")
    search = translator.search_settings(beam=1)
    longest = " ".join(["eins"] * 1000)
    long = longest + " zwei drei"
    cut, whole, short = translator.translate([long, longest, "eins"], search)
    assert (cut.cut, whole.cut, short.cut) == (True, False, False)
    assert cut.tokens == whole.tokens
    most = "x" * MAX_SOURCE_CHARACTERS  # one word
    assert [found.cut for found in translator.translate([most, most + "x", "eins"], search)] == [False, True, False]


def test_lone_surrogates_are_translated() -> None:
    found = untrained().translate(["\ud800", "eins \udcff", "\ud83c\udf89"])
    assert [len(translation.tokens) > 0 for translation in found] == [True] * 3


@pytest.mark.parametrize("beam", [1, 2])
@pytest.mark.parametrize("cell", CELL_TYPES)
def test_unknowns_are_put_out_only_where_they_are_allowed(cell: CellType, beam: int) -> None:
    fond = fond_of(UNK_ID, cell)
    for found in fond.translate(SOURCES, fond.search_settings(beam=beam)):
        assert "<unk>" not in found.text
        assert "<unk>" not in found.tokens
    (found,) = fond.translate(["eins"], fond.search_settings(beam=beam, allow_unk=True))
    assert set(found.tokens) == {"<unk>"}
    assert set(found.text.split()) == {"<unk>"}


def test_padding_and_the_beginning_are_never_put_out() -> None:
    for token in (1, SOS_ID):
        fond = fond_of(token)
        for found in fond.translate(SOURCES[:3], fond.search_settings(allow_unk=True)):
            assert not {"<pad>", "<sos>"} & set(found.tokens)


def test_a_model_that_ends_at_once_translates_to_nothing() -> None:
    (found,) = fond_of(EOS_ID).translate(["eins"])
    assert (found.text, found.tokens, len(found.token_scores)) == ("", (), 1)
    assert found.log_probability == pytest.approx(0.0, abs=1e-6)


def test_settings_come_from_the_recipe_and_are_checked(translator: Translator) -> None:
    search = translator.search_settings()
    assert (search.beam, search.length_penalty, search.n_best) == (2, translator.recipe.search.length_penalty, 1)
    assert translator.search_settings(n_best=4).beam == 4
    assert translator.search_settings(beam=3, length_penalty=0.0, allow_unk=True).allow_unk
    for beam, n_best, batch_size in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(ValueError, match="must be at least 1 and at most"):
            translator.search_settings(beam=beam, n_best=n_best, batch_size=batch_size)
    with pytest.raises(ValueError, match="n_best is 3, more than the beam of 2: raise the beam or lower n_best"):
        translator.search_settings(beam=2, n_best=3)
    for penalty in (-0.1, 5.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"length_penalty .* must be at least 0 and at most 5"):
            translator.search_settings(length_penalty=penalty)
    for factor in (0.0, 100.1, float("nan")):
        with pytest.raises(ValueError, match=rf"max_length_factor \({factor}\) must be above 0 and at most 100"):
            translator.search_settings(max_length_factor=factor)
    for extra in (-1, 10_001):
        with pytest.raises(ValueError, match=rf"max_length_extra \({extra}\) must be at least 0 and at most 10,000"):
            translator.search_settings(max_length_extra=extra)


@pytest.mark.parametrize("beam", [1, 3])
def test_limits_of_the_search_do_what_those_of_the_recipe_do(translator: Translator, beam: int) -> None:
    recipe = override(translator.recipe, ["search.max_length_factor=0.5", "search.max_length_extra=3"])
    members = [Member(translator.model, recipe)]
    tokenizers = translator.source_tokenizer, translator.target_tokenizer
    short = translator_from_members(members, *tokenizers, device=torch.device("cpu"))
    limits = translator.search_settings(beam=beam, max_length_factor=0.5, max_length_extra=3)
    expected = short.translate(SOURCES, short.search_settings(beam=beam))
    assert translator.translate(SOURCES, limits) == expected
    assert expected != translator.translate(SOURCES, translator.search_settings(beam=beam))


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("cell", CELL_TYPES)
def test_what_is_forced_to_end_is_marked(cell: CellType, beam: int) -> None:
    endless, silent = fond_of(4, cell), fond_of(EOS_ID, cell)
    settings = endless.search_settings(beam=beam, n_best=beam, max_length_factor=1, max_length_extra=2)
    for source, found in zip(SOURCES, endless.translate(SOURCES, settings), strict=True):
        assert (found.stopped, len(found.tokens)) == ("limit", len(source.split()) + 2)
    assert {found.stopped for found in silent.translate(SOURCES, settings)} == {"eos"}
    # Where nothing may be put out, ending is no choice.
    nothing = endless.search_settings(beam=beam, max_length_factor=0.01, max_length_extra=0)
    assert silent.translate(["eins"], nothing)[0].stopped == "limit"


def test_pieces_of_the_source_that_are_unknown_are_named_once() -> None:
    words = untrained()
    (found,) = words.translate([" Neu eins alt\tNeu, zwei"], words.search_settings(n_best=2))
    assert found.unknown == ("Neu", "alt", ",")
    assert [alternative.unknown for alternative in found.alternatives] == [(), ()]
    characters = untrained("lstm", "text.source.tokenizer=character", "text.reverse_source=true")
    assert characters.translate(["eins", "xéinsQx", ""])[1].unknown == ("x", "é", "Q")
    long = " ".join(["eins"] * 1000) + " unread"
    assert words.translate([long], words.search_settings(beam=1, max_length_factor=0.01))[0].unknown == ()


def test_sources_and_targets_must_pair_up(translator: Translator) -> None:
    with pytest.raises(ValueError, match="there are 2 sources and 1 targets; each source needs one"):
        translator.score(["a", "b"], ["c"])
    assert translator.score([], []) == []


def test_an_empty_target_is_scored_too(translator: Translator) -> None:
    (found,) = translator.score(["eins"], [""])
    assert (found.tokens, len(found.token_scores)) == ((), 1)
    assert found.log_probability == found.token_scores[0] < 0


def test_scores_are_probabilities(translator: Translator) -> None:
    # Of all one-token targets and the empty one, at the first step: they exclude each other and sum to at most 1.
    tokenizer = translator.target_tokenizer
    words = [tokenizer.decode([n]) for n in range(4, len(tokenizer))]
    found = translator.score(["eins zwei"] * len(words), words)
    first = sum(torch.tensor([score.token_scores[0] for score in found]).exp())
    assert 0 < float(first) <= 1 + 1e-6
    assert all(score.log_probability < 0 for score in found)


@pytest.mark.parametrize("reverse", [False, True])
def test_sources_are_framed_and_reversed_where_the_recipe_says_so(reverse: bool) -> None:
    translator = untrained("lstm", f"text.reverse_source={str(reverse).lower()}")
    ids = translator.source_tokenizer.encode("eins zwei drei")
    assert len(set(ids)) == 3
    encoded, empty = translator.codec.encode_sources(["eins zwei drei", ""])
    assert encoded.ids == frame(ids, reverse=reverse) == [SOS_ID, *(ids[::-1] if reverse else ids), EOS_ID]
    assert empty.ids == [SOS_ID, EOS_ID]


def test_reversing_is_reading_the_reversed_text() -> None:
    straight, reversing = untrained(), untrained("lstm", "text.reverse_source=true")
    texts = [" ".join(reversed(text.split())) for text in SOURCES]
    assert [t.text for t in reversing.translate(SOURCES)] == [t.text for t in straight.translate(texts)]


def test_threads_may_share_a_translator(translator: Translator) -> None:
    alone = [translator.translate([text]) for text in SOURCES]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: translator.translate([text]), SOURCES))
    assert together == alone


@pytest.mark.parametrize("cell", CELL_TYPES)
def test_bfloat16_is_close_to_float32(cell: CellType) -> None:
    settings = "model.init_range=0.3"
    exact, rounded = untrained(cell, settings), untrained(cell, settings, dtype=torch.bfloat16)
    targets = [target for _, target in number_pairs(12, seed=3)]
    for one, other in zip(exact.score(SOURCES, targets), rounded.score(SOURCES, targets), strict=True):
        assert other.log_probability == pytest.approx(one.log_probability, rel=0.02)
        assert other.log_probability != one.log_probability
    assert len(rounded.translate(SOURCES)) == len(SOURCES)


@pytest.mark.parametrize("cell", CELL_TYPES)
def test_the_prepared_model_says_what_the_model_says(cell: CellType) -> None:
    model = untrained(cell).model
    prepared = PreparedModel(model, torch.float32)
    source, lengths = torch.tensor([[2, 2], [5, 6], [7, 3], [3, 1]]), torch.tensor([4, 3])
    with torch.no_grad():
        state = prepared.start(source, lengths)
        hidden, cells = model.encoder(source, lengths)
        for tokens in (torch.tensor([SOS_ID, SOS_ID]), torch.tensor([5, 6])):
            ours, state = prepared.step(tokens, state)
            logits, hidden, cells = model.decoder(tokens, hidden, cells)
            torch.testing.assert_close(ours, logits)
            torch.testing.assert_close(log_normaliser(ours), logits.logsumexp(dim=1))
            torch.testing.assert_close(RecurrentState.stack(state.layers).hidden, hidden)


def test_what_is_loaded_translates_the_same(translator: Translator, tmp_path: Path) -> None:
    loaded = load(saved(translator, tmp_path / "model"), device="cpu")
    assert loaded.translate(SOURCES) == translator.translate(SOURCES)
    assert not loaded.model.training
    rounded = load(tmp_path / "model", device="cpu", precision="bfloat16")
    assert rounded.dtype == torch.bfloat16
    with pytest.raises(CheckpointError, match="no such run, checkpoint or export"):
        load("nowhere at all")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda translator: pickle.loads(pickle.dumps(translator))])
def test_a_copy_or_a_pickle_translates_the_same(copied: Callable[[Translator], Translator]) -> None:
    tokenizers = untrained().source_tokenizer, untrained().target_tokenizer
    members = [*untrained("gru").members, *untrained("lstm", "text.reverse_source=true").members]
    calibration = Calibration(1.0, 0.5, 2.0)
    for translator in (
        untrained(dtype=torch.bfloat16),
        translator_from_members(members, *tokenizers, device=torch.device("cpu"), averaging="geometric"),
        translator_from_members(members[:1], *tokenizers, device=torch.device("cpu"), calibration=calibration),
    ):
        other = copied(translator)
        assert other.translate(SOURCES) == translator.translate(SOURCES)
        assert other.score(SOURCES, SOURCES) == translator.score(SOURCES, SOURCES)
        assert (other.dtype, other.averaging, other.recipe) == (
            translator.dtype,
            translator.averaging,
            translator.recipe,
        )


def test_a_forked_process_is_told_what_to_do(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = pickle.dumps(translator)
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    # With a single thread nothing is waited for.
    assert translator.translate(["eins"]) == pickle.loads(pickled).translate(["eins"])
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    said = rf"made in process {parent} and is used in process {parent + 1}, which was forked from it\. .* \"spawn\""
    for use in (lambda: translator.translate(["eins"]), lambda: translator.score(["eins"], ["one"])):
        with pytest.raises(TandemError, match=said):
            use()
    assert pickle.loads(pickled).translate(["eins"])
