"""`POST /translate` and `GET /languages` as LibreTranslate's clients send and expect them."""

from typing import Any

from starlette.responses import Response

from tandem.recipe.languages import NAMES, Languages
from tandem.serving.access_log import Record
from tandem.serving.models import Models, Served
from tandem.serving.refusals import Json, Refusal
from tandem.serving.requests import LibreRequest, listed
from tandem.serving.service import Service
from tandem.serving.translating_texts import check_texts, chosen_settings, note, reason, translated
from tandem.translation import Translation

_AUTO = "auto"


async def translate(service: Service, wanted: LibreRequest, record: Record) -> Response:
    """Translate one text or several, from a language to another."""
    if wanted.format != "text":
        raise Refusal(422, f"format: is {wanted.format[:80]!r}, and texts alone are translated here: send 'text'")
    served, languages = _find(service.models, wanted.source.lower(), wanted.target.lower())
    if wanted.alternatives >= service.limits.beam:
        most = service.limits.beam - 1
        raise Refusal(422, f"alternatives: is {wanted.alternatives:,}, and {most:,} is the most here")
    texts = listed(wanted.q)
    note(record, served, texts)
    check_texts(service.limits, "q", texts)
    settings = chosen_settings(service.limits, served, n_best=wanted.alternatives + 1)
    with service.gate.letting_in(len(texts)), served.used():
        found = await translated(service, served, texts, settings)
    done: list[Translation] = []
    for each in found:
        if isinstance(each, BaseException):
            raise Refusal(500, reason(each))
        done.append(each)
    content: dict[str, list[Any]] = {"translatedText": [each.text for each in done]}
    if wanted.source.lower() == _AUTO:  # nothing was detected: it is the one that there is
        content["detectedLanguage"] = [{"confidence": 0, "language": languages.source}] * len(texts)
    if wanted.alternatives:
        content["alternatives"] = [[other.text for other in each.alternatives[1:]] for each in done]
    return Json({key: values[0] for key, values in content.items()} if isinstance(wanted.q, str) else content)


async def languages(service: Service, _: None, __: Record) -> Response:
    """Say which languages are read, and what each can be translated into."""
    known = [served.languages for served in service.models.served.values() if served.languages]
    codes = dict.fromkeys([*(pair.source for pair in known), *(pair.target for pair in known)])
    content = [
        {
            "code": code,
            "name": NAMES.get(code, code),
            "targets": list(dict.fromkeys(pair.target for pair in known if pair.source == code)),
        }
        for code in codes
    ]
    return Json(content)


def _find(models: Models, source: str, target: str) -> tuple[Served, Languages]:
    """Return the first model from one language to the other. Raise Refusal where there is none."""
    known = [(served, served.languages) for served in models.served.values() if served.languages]
    if not known:
        raise Refusal(422, "no model here has languages that are known: start the server with --languages")
    for served, pair in known:
        if pair.target.lower() == target and source in (_AUTO, pair.source.lower()):
            return served, pair
    pairs = ", ".join(dict.fromkeys(f"{pair.source} to {pair.target}" for _, pair in known))
    raise Refusal(422, f"no model here translates {source[:40]!r} to {target[:40]!r}: there is {pairs}")
