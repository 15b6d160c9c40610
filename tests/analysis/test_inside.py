"""What is shown of a layer is what the model computes."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tandem.analysis.inside import MOST_CHANGED, Inside, changed_units, watch_decoder, watch_encoder
from tandem.batches import copied_sources, pad_sentences
from tandem.build import build_model
from tandem.engines.members import Member
from tandem.errors import ArgumentError
from tandem.model_files import sizes_of
from tandem.models import CellType, Encoder
from tandem.models.cells import CELLS, LayerWeights
from tandem.models.kernels.ends import Ends
from tandem.text import Tokenizer
from tandem.text.features import FeaturesTokenizer
from tandem.translation.constructors import translator_from_members
from tandem.translation.translator import Translator
from tests.support.exports import exported
from tests.support.models import CELL_TYPES
from tests.support.runs import tiny_recipe, untrained

TEXT, TARGET = "eins zwei vier eins", "one two six"
CLOSE = 1e-5


def layer_of(cell: CellType, inputs: int = 5, hidden: int = 4) -> tuple[nn.RNNBase, LayerWeights]:
    rnn = CELLS[cell].new_parameters(inputs, hidden, 1)
    return rnn, LayerWeights(*rnn.all_weights[0])


@pytest.mark.parametrize("cell", CELL_TYPES)
@torch.no_grad()
def test_what_is_watched_is_what_torch_and_the_kernels_compute(cell: CellType) -> None:
    kind = CELLS[cell]
    rnn, weights = layer_of(cell)
    inputs = torch.randn(7, 3, 5)
    state = tuple(torch.randn(3, 4) for _ in range(1 + kind.has_cell_state))
    parts = dict(zip(kind.parts, kind.watch(inputs, state, weights), strict=True))
    start = tuple(part[None] for part in state)
    outputs, _ = rnn(inputs, start if kind.has_cell_state else start[0])
    assert parts["hidden"].numpy() == pytest.approx(outputs.numpy(), abs=CLOSE)
    prepared = kind.prepare(weights, torch.float32, single_rows=False)
    ours = state
    for step, row in enumerate(inputs):
        ours = kind.advance(prepared, prepared.of_input(row), ours)
        for name, part in zip(("hidden", "cell"), ours, strict=False):
            assert parts[name][step].numpy() == pytest.approx(part.numpy(), abs=CLOSE)
    kernel, _ = kind.run(inputs, state, weights, Ends(7, None), torch.float32)
    assert parts["hidden"].numpy() == pytest.approx(kernel.numpy(), abs=CLOSE)


@pytest.mark.parametrize("cell", CELL_TYPES)
@torch.no_grad()
def test_the_gates_and_the_states_are_those_of_one_equation(cell: CellType) -> None:
    kind = CELLS[cell]
    _, weights = layer_of(cell)
    state = tuple(torch.randn(3, 4) for _ in range(1 + kind.has_cell_state))
    inputs = torch.randn(6, 3, 5)
    parts = dict(zip(kind.parts, kind.watch(inputs, state, weights), strict=True))
    starts = zip(("hidden", "cell"), state, strict=False)
    before = {name: torch.cat([first[None], parts[name][:-1]]) for name, first in starts}
    if cell == "lstm":
        cells = parts["forget"] * before["cell"] + parts["input"] * parts["candidate"]
        assert parts["cell"].numpy() == pytest.approx(cells.numpy(), abs=CLOSE)
        assert parts["hidden"].numpy() == pytest.approx((parts["output"] * cells.tanh()).numpy(), abs=CLOSE)
    if cell == "gru":
        mixed = (1 - parts["update"]) * parts["candidate"] + parts["update"] * before["hidden"]
        assert parts["hidden"].numpy() == pytest.approx(mixed.numpy(), abs=CLOSE)
        by_input, by_hidden = (
            functional.linear(values, weight[8:], bias[8:])
            for values, weight, bias in (
                (inputs, weights.weight_ih, weights.bias_ih),
                (before["hidden"], weights.weight_hh, weights.bias_hh),
            )
        )
        candidate = (by_input + parts["reset"] * by_hidden).tanh()
        assert parts["candidate"].numpy() == pytest.approx(candidate.numpy(), abs=CLOSE)


def encoded(translator: Translator) -> tuple[Tensor, Tensor]:
    """The outputs and the final hidden states of the encoder."""
    (source,) = translator.codec.encode_sources([TEXT])
    ids, lengths = pad_sentences([source.ids])
    if translator.codec.copying is not None:
        ids, _ = copied_sources(ids, translator.codec.copying.table)
    found = translator.model.encoder.read(ids, lengths)
    return found.outputs[:, 0], found.final.hidden[:, 0]


@pytest.mark.parametrize("cell", CELL_TYPES)
@pytest.mark.parametrize("both", ["false", "true"])
@torch.no_grad()
def test_an_encoder_s_states_are_its_own(cell: CellType, both: str) -> None:
    translator = untrained(cell, "model.layers=3", f"model.bidirectional={both}", "model.attention=luong")
    outputs, final = encoded(translator)
    for layer in range(3):
        found = watch_encoder(translator, TEXT, layer)
        assert found.layers == 3
        assert tuple(found.forward) == CELLS[cell].parts
        if both == "true":
            assert found.backward is not None
            assert found.forward["hidden"][-1].numpy() == pytest.approx(final[2 * layer].numpy(), abs=CLOSE)
            assert found.backward["hidden"][0].numpy() == pytest.approx(final[2 * layer + 1].numpy(), abs=CLOSE)
        else:
            assert found.backward is None
            assert found.forward["hidden"][-1].numpy() == pytest.approx(final[layer].numpy(), abs=CLOSE)
    sides = [found.forward["hidden"], *([found.backward["hidden"]] if found.backward else [])]
    assert torch.cat(sides, 1).numpy() == pytest.approx(outputs.numpy(), abs=CLOSE)


@pytest.mark.parametrize("cell", CELL_TYPES)
@pytest.mark.parametrize("attention", ["off", "luong", "gnmt"])
@torch.no_grad()
def test_a_decoder_s_states_are_its_own(cell: CellType, attention: str) -> None:
    translator = untrained(cell, "model.layers=3", f"model.attention={attention}")
    (source,) = translator.codec.encode_sources([TEXT])
    ids, lengths = pad_sentences([source.ids])
    state, memory = translator.model.encode(ids, lengths)
    found = [watch_decoder(translator, TEXT, TARGET, layer) for layer in range(3)]
    assert found[0].tokens == ("<sos>", *translator.target_tokenizer.tokens(translator.target_tokenizer.encode(TARGET)))
    hidden, cells = state
    for step, token in enumerate([2, *translator.target_tokenizer.encode(TARGET)]):
        _, hidden, cells = translator.model.decoder(torch.tensor([token]), hidden, cells, memory)
        for layer, one in enumerate(found):
            assert one.forward["hidden"][step].numpy() == pytest.approx(hidden[layer, 0].numpy(), abs=CLOSE)
            if cells is not None:
                assert one.forward["cell"][step].numpy() == pytest.approx(cells[layer, 0].numpy(), abs=CLOSE)


@pytest.mark.parametrize(
    ("settings", "beam"), [((), 1), (("model.attention=gnmt", "model.layers=2", "model.copy=true"), 3)]
)
def test_without_a_target_the_decoder_reads_its_translation(settings: tuple[str, ...], beam: int) -> None:
    translator = untrained("lstm", *settings)
    chosen = translator.search_settings(beam=beam)
    found = watch_decoder(translator, "eins neu zwei", settings=chosen)
    assert found.tokens == ("<sos>", *translator.translate(["eins neu zwei"], chosen)[0].tokens)
    assert watch_decoder(translator, "").tokens == ("<sos>",)


def test_tokens_stand_in_the_order_of_reading() -> None:
    words = ("▁eins", "▁zwei", "▁vier", "▁eins")
    for reverse, expected in (("false", words), ("true", words[::-1])):
        translator = untrained("gru", f"text.reverse_source={reverse}")
        assert watch_encoder(translator, TEXT).tokens == ("<sos>", *expected, "<eos>")


@torch.no_grad()
def test_of_a_source_with_features_the_source_s_own_encoder_is_shown() -> None:
    translator = with_features()
    found = watch_encoder(translator, "ab\tV;PST", translator.recipe.model.layers - 1)
    assert found.tokens == ("<sos>", "a", "b", "<eos>")
    ids, lengths = pad_sentences([[2, *translator.source_tokenizer.encode("ab"), 3]])
    own = Encoder.read(translator.model.encoder, ids, lengths)
    assert found.forward["hidden"].numpy() == pytest.approx(own.outputs[:, 0].numpy(), abs=CLOSE)
    different = [watch_decoder(translator, text, "xab").forward["hidden"] for text in ("ab\tV;PST", "ab\tV")]
    assert not torch.equal(*different)  # the decoder starts from both


def with_features() -> Translator:
    recipe = tiny_recipe("text.features.tokenizer=tags", "text.source.tokenizer=character")
    letters, tags, target = (
        Tokenizer.train(*of) for of in (("character", ["abc"]), ("tags", ["V;PST"]), ("character", ["xabcy"]))
    )
    source = FeaturesTokenizer(letters, tags)
    model = build_model(recipe, *sizes_of(source, target))
    return translator_from_members([Member(model, recipe)], source, target, device=torch.device("cpu"))


def test_of_an_ensemble_the_first_member_is_shown() -> None:
    one, two = untrained("lstm"), untrained("gru")
    tokenizers = one.source_tokenizer, one.target_tokenizer
    both = translator_from_members([*one.members, *two.members], *tokenizers, device=torch.device("cpu"))
    assert same(watch_encoder(both, TEXT), watch_encoder(one, TEXT))
    assert same(watch_decoder(both, TEXT, TARGET), watch_decoder(one, TEXT, TARGET))


def same(one: Inside, other: Inside) -> bool:
    return one.tokens == other.tokens and all(
        torch.equal(one.forward[name], other.forward[name]) for name in one.forward
    )


def test_units_are_ranked_by_how_much_they_change() -> None:
    values = torch.tensor([[0.0, 5.0, 1.0, 0.0], [1.0, 5.0, -1.0, 0.0], [0.0, 5.0, 1.0, 2.5]])
    assert changed_units(values) == [2, 3, 0, 1]
    assert changed_units(values[:1]) == [0, 1, 2, 3]
    assert len(changed_units(torch.randn(3, 100))) == MOST_CHANGED


@pytest.mark.parametrize("layer", [-1, 1])
def test_a_layer_that_there_is_not_is_an_error(layer: int) -> None:
    translator = untrained("gru", "model.layers=1")
    for watch, side in ((watch_encoder, "encoder"), (watch_decoder, "decoder")):
        with pytest.raises(ValueError, match=f"layer is {layer}, and the {side} has 1 layer, counted from 0: choose"):
            watch(translator, TEXT, layer=layer)


def test_an_export_has_no_states_to_show() -> None:
    own = untrained()
    translator = Translator(exported(*own.members), own.codec, own.recipe)
    for watch in (watch_encoder, watch_decoder):
        with pytest.raises(ArgumentError, match="this needs the PyTorch model itself, which an export does not"):
            watch(translator, TEXT)
