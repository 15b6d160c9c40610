"""A toy of a model and its beam search: it answers as the server does, and needs no training."""

import math
from dataclasses import dataclass
from typing import Any

EOS = "<eos>"
WORDS = {
    "ein": [("a", 0.82), ("one", 0.1), ("the", 0.05)],
    "eine": [("a", 0.84), ("one", 0.08), ("the", 0.05)],
    "der": [("the", 0.88), ("a", 0.07), ("this", 0.03)],
    "die": [("the", 0.9), ("a", 0.04), ("these", 0.03)],
    "kleiner": [("small", 0.46), ("little", 0.44), ("young", 0.06)],
    "junger": [("young", 0.8), ("little", 0.1), ("small", 0.05)],
    "hund": [("dog", 0.9), ("puppy", 0.06), ("hound", 0.02)],
    "mann": [("man", 0.93), ("guy", 0.04), ("person", 0.02)],
    "frau": [("woman", 0.94), ("lady", 0.04), ("person", 0.01)],
    "kind": [("child", 0.77), ("kid", 0.15), ("boy", 0.05)],
    "läuft": [("runs", 0.42), ("is", 0.36), ("walks", 0.18)],
    "spielt": [("plays", 0.6), ("is", 0.3), ("played", 0.05)],
    "liest": [("reads", 0.62), ("is", 0.3), ("read", 0.05)],
    "durch": [("through", 0.8), ("across", 0.12), ("over", 0.04)],
    "mit": [("with", 0.92), ("and", 0.03), ("by", 0.03)],
    "auf": [("on", 0.75), ("in", 0.15), ("at", 0.06)],
    "dem": [("the", 0.85), ("a", 0.1), ("his", 0.03)],
    "das": [("the", 0.86), ("that", 0.08), ("a", 0.04)],
    "gras": [("grass", 0.91), ("lawn", 0.05), ("field", 0.03)],
    "ball": [("ball", 0.96), ("football", 0.02), ("game", 0.01)],
    "buch": [("book", 0.97), ("magazine", 0.01), ("paper", 0.01)],
    ".": [(".", 0.97), ("!", 0.01), (",", 0.01)],
}
_UNKNOWN = [("<unk>", 0.5), ("something", 0.2), ("thing", 0.1)]
_FILL = [("and", 0.02), ("of", 0.012), ("very", 0.008), ("his", 0.006), ("not", 0.004), ("man", 0.003), ("in", 0.002)]


def tokens_of(text: str) -> list[str]:
    """Return the words and full stops of a text."""
    return text.lower().replace(".", " . ").split()


def text_of(tokens: list[str]) -> str:
    """Return tokens as a text."""
    return " ".join(tokens).replace(" .", ".")


def next_tokens(source: list[str], target: list[str]) -> list[tuple[str, float]]:
    """Return what can follow, with its log-probability, the best first."""
    place = len(target)
    if place >= len(source) + 3:
        return [(EOS, 0.0)]
    if place >= len(source):
        shares = dict([(EOS, 0.9), *((token, share) for token, share in _FILL)])
    else:
        shares = dict(_FILL)
        shares |= dict(WORDS.get(source[place], _UNKNOWN))
        shares[EOS] = 0.004 + (0.06 if target and target[-1] == "." else 0.0)
        if target and target[-1] in ("one", "is"):  # what it begins goes on less well
            shares = {token: share ** (1.6 if share < 0.5 else 1.2) for token, share in shares.items()}
    total = sum(shares.values())
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    return [(token, math.log(share / total)) for token, share in ranked]


@dataclass
class Trace:
    """A search, as /v1/trace has it."""

    nodes: list[dict[str, Any]]
    results: list[int]
    steps: int

    def tokens(self, node: int) -> list[str]:
        """Return the tokens up to a node, without the frame."""
        found: list[str] = []
        while node:
            found.append(self.nodes[node]["token"])
            node = self.nodes[node]["parent"]
        return [token for token in reversed(found) if token != EOS]

    def scores(self, node: int) -> list[float]:
        """Return the log-probability of each token up to a node."""
        found: list[float] = []
        while node:
            found.append(self.nodes[node]["token_log_probability"])
            node = self.nodes[node]["parent"]
        return found[::-1]


def search(text: str, beam: int, n_best: int, length_penalty: float, prefix: str) -> Trace:
    """Search, and keep what was looked at."""
    source, forced = tokens_of(text), tokens_of(prefix)
    nodes: list[dict[str, Any]] = [_node(0, None, 0, "<sos>", 0.0, 0.0, 0)]
    trace = Trace(nodes, [], 0)
    live: list[int] = [0]
    complete: list[int] = []
    while live and len(complete) < beam:
        trace.steps += 1
        found = []
        for row in live:
            known = trace.tokens(row)
            following = next_tokens(source, known)
            if len(known) < len(forced):
                token = forced[len(known)]
                following = [(token, dict(following).get(token, -6.0))]
            found += [(nodes[row]["log_probability"] + score, row, token, score) for token, score in following]
        found.sort(key=lambda item: -item[0])
        live = []
        for place, (total, parent, token, score) in enumerate(found[: 2 * beam]):
            node = _node(len(nodes), parent, trace.steps, token, score, total, place)
            nodes.append(node)
            if token == EOS and place < beam:
                node |= {"fate": "complete", "score": total / trace.steps**length_penalty}
                complete.append(node["id"])
            elif token != EOS and len(live) < beam:
                live.append(node["id"])
            else:
                node |= {"fate": "pruned", "reason": "beam"}
    for row in live:
        nodes[row] |= {"fate": "pruned", "reason": "end"}
    complete.sort(key=lambda row: -nodes[row]["score"])
    trace.results = complete[:n_best]
    for row in complete[n_best:]:
        nodes[row] |= {"fate": "pruned", "reason": "worse"}
    return trace


def _node(
    number: int, parent: int | None, step: int, token: str, score: float, total: float, place: int
) -> dict[str, Any]:
    return {
        "id": number,
        "parent": parent,
        "step": step,
        "token": token,
        "token_log_probability": score,
        "log_probability": total,
        "score": None,
        "fate": "live",
        "reason": "",
        "place": place,
    }


def saliency(text: str, target: str | None) -> dict[str, Any]:
    """Answer as /v1/saliency does: words move the word at their place, and a little those beside it."""
    source = tokens_of(text)
    trace = search(text, 5, 1, 1.0, "")
    tokens = [*(tokens_of(target) if target else trace.tokens(trace.results[0])), EOS]
    near = [[math.exp(-1.3 * abs(row - column)) for column in range(len(source))] for row in range(len(tokens))]
    odd = [[math.sin(7.3 * row + 2.9 * column) for column in range(len(source))] for row in range(len(tokens))]
    left_out = [[3 * n + 0.3 * o for n, o in zip(*rows, strict=True)] for rows in zip(near, odd, strict=True)]
    gradient = [[n + 0.35 * o for n, o in zip(*rows, strict=True)] for rows in zip(near, odd, strict=True)]
    attention = [[value / sum(row) for value in row] for row in near]
    return {
        "source_tokens": source,
        "target_tokens": tokens,
        "text": target or text_of(tokens[:-1]),
        "gradient": gradient,
        "left_out": left_out,
        "attention": attention,
        "reasons": {},
    }
