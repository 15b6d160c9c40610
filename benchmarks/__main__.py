"""`python -m benchmarks [--alternations N] [--output FILE]`: training and decoding beside the tutorial's loop.

The tutorial's model (2 layers of 512, embeddings of 256), a made corpus of Multi30k's lengths and vocabulary sizes, the
two sides in turn, medians. What is compared is first checked to be the same computation.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks import tutorial
from tandem.build import choose_precision
from tandem.models import Decoder, Encoder, Seq2Seq
from tandem.models.coins import draw_coins
from tandem.search import greedy
from tandem.stepping import ModelStepper
from tandem.training.loss import projection_loss, real_tokens
from tandem.version import __version__

SOURCE_WORDS, TARGET_WORDS = 7853, 5893
SIZES = (256, 512, 2, 0.5)
BATCH, PAD, SOS, EOS = 128, 1, 2, 3
SENTENCES = 20
LONGEST = 20


def made_batch(generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random ids in Multi30k's lengths, batched by length: source, its lengths, target, its lengths."""
    lengths = torch.randint(13, 16, (2, BATCH), generator=generator)
    sides = []
    for words, side in ((SOURCE_WORDS, lengths[0]), (TARGET_WORDS, lengths[1])):
        ids = torch.randint(4, words, (int(side.max()), BATCH), generator=generator)
        ids[0] = SOS
        ids[side - 1, torch.arange(BATCH)] = EOS
        ids[torch.arange(len(ids)).unsqueeze(1) >= side] = PAD
        sides += [ids, side]
    return sides[0], sides[1], sides[2], sides[3]


def tandem_step(
    model: Seq2Seq,
    optimizer: torch.optim.Optimizer,
    batch: tuple[Tensor, Tensor, Tensor, Tensor],
    ratio: float,
    dtype: torch.dtype,
) -> None:
    """One step as `tandem.training` does it."""
    source, source_lengths, target, target_lengths = batch
    coins = draw_coins(len(target) - 1, BATCH, ratio, by_token=False)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        features = model.features(source, target, coins, source_lengths)
    real = real_tokens(target, target_lengths)
    output = model.decoder.fc_out
    objective, _ = projection_loss(
        features.flatten(0, 1).index_select(0, real),
        output.weight,
        output.bias,
        target[1:].flatten().index_select(0, real),
        smoothing=0.0,
        dtype=dtype,
    )
    (objective / len(real)).backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


def alternate(sides: dict[str, Callable[[], object]], times: int) -> dict[str, float]:
    """Run the sides in turn, once to warm up and then `times` times: the median seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for round_number in range(times + 1):
        for name, run in sides.items():
            began = time.perf_counter()
            run()
            if round_number:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}


def measure_training(ours: Seq2Seq, plain: tutorial.Seq2Seq, ratio: float, times: int) -> dict[str, float]:
    """Target tokens a second of each side."""
    batch = made_batch(torch.Generator().manual_seed(1))
    tokens = int(batch[3].sum()) - BATCH
    our_optimizer = torch.optim.Adam(ours.parameters(), 1e-3, fused=True)
    plain_optimizer = torch.optim.Adam(plain.parameters(), 1e-3)
    ours.train(), plain.train()
    sides: dict[str, Callable[[], object]] = {
        "tutorial": lambda: tutorial.train_step(plain, plain_optimizer, batch[0], batch[2], ratio, PAD),
        "float32": lambda: tandem_step(ours, our_optimizer, batch, ratio, torch.float32),
        "bfloat16": lambda: tandem_step(ours, our_optimizer, batch, ratio, torch.bfloat16),
    }
    return {name: tokens / seconds for name, seconds in alternate(sides, times).items()}


def measure_decoding(ours: Seq2Seq, plain: tutorial.Seq2Seq, times: int) -> dict[str, float]:
    """Sentences a second, greedy: the tutorial one by one, Tandem in one batch."""
    source, lengths, _, _ = made_batch(torch.Generator().manual_seed(2))
    ours.eval(), plain.eval()
    limits = torch.full((BATCH,), LONGEST)

    def decode(dtype: torch.dtype) -> object:
        return greedy(ModelStepper(ours, dtype), source, lengths, sos=SOS, eos=EOS, max_lengths=limits)

    def one_by_one() -> None:
        for column in range(SENTENCES):
            sentence = source[: int(lengths[column]), column : column + 1]
            tutorial.translate(plain, sentence, sos=SOS, eos=EOS, longest=LONGEST)

    seconds = alternate(
        {"tutorial": one_by_one, "float32": lambda: decode(torch.float32), "bfloat16": lambda: decode(torch.bfloat16)},
        times,
    )
    return {name: (SENTENCES if name == "tutorial" else BATCH) / value for name, value in seconds.items()}


def check_same(ours: Seq2Seq, plain: tutorial.Seq2Seq) -> None:
    """Both sides must give the same logits before anything is timed."""
    source, _, target, _ = made_batch(torch.Generator().manual_seed(3))
    ours.eval(), plain.eval()
    with torch.no_grad():
        for ratio in (0.0, 1.0):
            difference = float((ours(source, target, ratio) - plain(source, target, ratio)).abs().max())
            if difference > 1e-4:
                raise SystemExit(f"the two sides differ by {difference} at ratio {ratio}: nothing was measured")


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--alternations", type=int, default=5)
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    torch.manual_seed(1)
    plain = tutorial.Seq2Seq(tutorial.Encoder(SOURCE_WORDS, *SIZES), tutorial.Decoder(TARGET_WORDS, *SIZES))
    ours = Seq2Seq(Encoder(SOURCE_WORDS, *SIZES), Decoder(TARGET_WORDS, *SIZES))
    ours.load_state_dict(plain.state_dict())
    check_same(ours, plain)
    figures = {
        "training, ratio 1 (target tokens/s)": measure_training(ours, plain, 1.0, options.alternations),
        "training, ratio 0.5 (target tokens/s)": measure_training(ours, plain, 0.5, options.alternations),
        "greedy decoding (sentences/s)": measure_decoding(ours, plain, options.alternations),
    }
    table = Table("measured", "tutorial", "float32", "×", "bfloat16", "×")
    for name, row in figures.items():
        cells = [f"{row['tutorial']:,.0f}"]
        for side in ("float32", "bfloat16"):
            cells += [f"{row[side]:,.0f}", f"{row[side] / row['tutorial']:.1f}"]
        table.add_row(name, *cells)
    Console().print(table)
    if options.output:
        machine = {
            "processor": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "tandem": __version__,
            "bfloat16 in the processor": choose_precision("auto", torch.device("cpu")) == torch.bfloat16,
        }
        content = {"machine": machine, "alternations": options.alternations, "medians": figures}
        options.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
