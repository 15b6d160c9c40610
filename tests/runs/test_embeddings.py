"""A training that starts from vectors in files, and goes on without them."""

from pathlib import Path

import pytest
import torch

from tandem.build import build_model
from tandem.checkpoint import load_checkpoint
from tandem.errors import CorpusError, RecipeError
from tandem.recipe import portable
from tandem.runs.corpora import GivenPairs
from tandem.runs.embeddings import Pretrained, fill_embeddings
from tandem.runs.provenance import read_provenance
from tandem.runs.session import Run
from tests.support.runs import NUMBERS, assert_same_run, number_pairs, run_tiny, stopped, tiny_recipe, untrained


def vectors_of(words: list[str], path: Path, size: int = 6) -> Path:
    lines = [f"{word} {' '.join(str(number + part / 8) for part in range(size))}" for number, word in enumerate(words)]
    path.write_text("\n".join([f"{len(words)} {size}", *lines]) + "\n", encoding="utf-8")
    return path


def begun(*settings: str, messages: list[str] | None = None) -> Run:
    """A run before its first step."""
    given = GivenPairs(number_pairs(40), number_pairs(8, seed=2))
    notify = (lambda _: None) if messages is None else messages.append
    return Run(tiny_recipe(*settings), Path("nowhere"), device="cpu", given=given, notify=notify)


def test_known_tokens_start_from_their_vectors_and_the_others_as_drawn(tmp_path: Path) -> None:
    source = vectors_of(["eins", "vier", "unbekannt"], tmp_path / "de.vec")
    target = vectors_of(["three"], tmp_path / "en.vec")
    messages: list[str] = []
    run = begun(f"model.source_embeddings={source}", f"model.target_embeddings={target}", messages=messages)
    drawn, tokens = build_model(tiny_recipe(), 10, 10), run.corpus
    for side, tokenizer, ours, theirs, words in (
        ("source", tokens.source_tokenizer, run.model.encoder, drawn.encoder, {"eins": 0, "vier": 1}),
        ("target", tokens.target_tokenizer, run.model.decoder, drawn.decoder, {"three": 0}),
    ):
        for index, token in enumerate(tokenizer.tokens(range(10))):
            row = theirs.embedding.weight[index]
            if (number := words.get(token.removeprefix("▁"))) is not None:
                row = number + torch.arange(6) / 8
            assert torch.equal(ours.embedding.weight[index], row), token
        name = {"source": "de.vec", "target": "en.vec"}[side]
        said = f"{side} embedding: {len(words)} of 6 tokens start from their vectors in {name}, the others as drawn"
        assert said in messages
    before = dict(drawn.named_parameters())
    others = [name for name, weight in run.model.named_parameters() if not torch.equal(weight, before[name])]
    assert others == ["encoder.embedding.weight", "decoder.embedding.weight"]


def test_a_run_goes_on_without_the_file_to_the_same_bytes(tmp_path: Path) -> None:
    path = vectors_of(list(NUMBERS), tmp_path / "de.vec")
    settings = (f"model.source_embeddings={path}", "training.save_steps=3")
    run_tiny(tmp_path / "whole", *settings)
    stopped(tmp_path / "run", 7, *settings)
    path.unlink()
    run_tiny(tmp_path / "run", *settings, resume=True)
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    first, second = read_provenance(tmp_path / "run")
    assert first.corpora["source embeddings"][0]["name"] == "de.vec"
    assert set(second.corpora) == {"train", "validation"}
    recipe = load_checkpoint(tmp_path / "run").recipe
    assert recipe.model.source_embeddings == "de.vec"
    assert recipe == portable(recipe)


def test_of_a_shared_embedding_the_target_s_file_comes_last(tmp_path: Path) -> None:
    source = vectors_of(["eins", "one"], tmp_path / "de.vec")
    target = vectors_of(["two", "one", "unbekannt"], tmp_path / "en.vec")
    made = untrained("gru", "text.joint=true", "model.tie_embeddings=true", "model.tie_output=true")
    messages: list[str] = []
    tokens = made.source_tokenizer
    drawn = made.model.encoder.embedding.weight.detach().clone()
    fill_embeddings(
        made.model, Pretrained(source, target), (tokens, tokens), notify=messages.append, on_progress=lambda *_: None
    )
    weight = made.model.decoder.fc_out.weight
    expected = {"▁eins": 0, "▁two": 0, "▁one": 1}
    for index, token in enumerate(tokens.tokens(range(len(tokens)))):
        row = expected[token] + torch.arange(6) / 8 if token in expected else drawn[index]
        assert torch.equal(weight[index], row), token
    assert len(messages) == 2


def test_a_scaled_embedding_is_read_as_the_file_has_it(tmp_path: Path) -> None:
    path = vectors_of(list(NUMBERS), tmp_path / "de.vec")
    run = begun("model.scale_embedding=true", f"model.source_embeddings={path}")
    row = run.model.encoder.embedding(torch.tensor(run.corpus.source_tokenizer.token_to_id("▁vier")))
    torch.testing.assert_close(row, 3 + torch.arange(6) / 8)


def test_files_are_looked_for_in_the_folder_of_the_data(tmp_path: Path) -> None:
    vectors_of(list(NUMBERS), tmp_path / "de.vec")
    messages: list[str] = []
    begun(f"data.folder={tmp_path}", "model.source_embeddings=de.vec", messages=messages)
    assert any(line.startswith("source embedding: 6 of 6 tokens") for line in messages)


def test_a_file_that_cannot_serve_is_said_before_the_corpus_is_read(tmp_path: Path) -> None:
    messages: list[str] = []
    wide = vectors_of(list(NUMBERS), tmp_path / "wide.vec", 7)
    with pytest.raises(RecipeError, match=r"wide\.vec: its vectors have 7 numbers, but model\.embedding is 6"):
        begun(f"model.source_embeddings={wide}", messages=messages)
    with pytest.raises(CorpusError, match=r"none\.vec: there is no such file"):
        begun(f"model.target_embeddings={tmp_path / 'none.vec'}", messages=messages)
    assert messages == []


def test_a_file_without_any_of_the_tokens_is_refused(tmp_path: Path) -> None:
    path = vectors_of(["<unk>", "uno", "EINS"], tmp_path / "it.vec")
    message = (
        r"it\.vec: it has no vector for any of the 6 tokens of the source vocabulary\. Check that it is of the source's"
    )
    with pytest.raises(CorpusError, match=message):
        begun(f"model.source_embeddings={path}")
