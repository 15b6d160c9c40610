import os
from pathlib import Path

import pytest

from tandem.text import UNK_ID, Tokenizer, TokenizerKind

DATA = Path(os.environ.get("TANDEM_DATA", Path(__file__).parents[3] / "shared" / "data")) / "multi30k"


@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"Multi30k is not at {DATA}: set TANDEM_DATA")
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("kind", ["word", "bpe", "character"])
def test_99_percent_of_the_lines_come_back_unchanged(kind: TokenizerKind, language: str) -> None:
    lines = (DATA / f"train.{language}").read_text(encoding="utf-8").split("\n")
    tokenizer = Tokenizer.train(kind, lines, lowercase=True)
    back = [tokenizer.decode(ids) for ids in tokenizer.encode_batch(lines)]
    unchanged = sum(text == line.lower() for text, line in zip(back, lines, strict=True))
    assert unchanged >= 0.99 * len(lines)


@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"Multi30k is not at {DATA}: set TANDEM_DATA")
def test_bpe_of_the_training_lines_covers_the_validation_lines() -> None:
    train, validation = ((DATA / f"{part}.de").read_text(encoding="utf-8").split("\n") for part in ("train", "val"))
    tokenizer = Tokenizer.train("bpe", train, lowercase=True)
    assert len(tokenizer) == 8000
    known = sum(UNK_ID not in ids for ids in tokenizer.encode_batch(validation))
    assert known >= 0.99 * len(validation)
