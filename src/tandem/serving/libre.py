"""`POST /translate` and `GET /languages`, with the requests and answers of LibreTranslate."""

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


async def translate(service: Service, request: LibreRequest, record: Record) -> Response:
    """Translate one text or several from one language to another."""
    if request.format != "text":
        raise Refusal(422, f"format: is {request.format[:80]!r}, and only plain text is translated here: send 'text'")
    served, languages = _find(service.models, request.source.lower(), request.target.lower())
    if request.alternatives >= service.limits.beam:
        most = service.limits.beam - 1
        raise Refusal(422, f"alternatives: is {request.alternatives:,}, and {most:,} is the most here")
    texts = listed(request.q)
    note(record, served, texts)
    check_texts(service.limits, "q", texts)
    settings = chosen_settings(service.limits, served, n_best=request.alternatives + 1)
    with service.gate.letting_in(len(texts)), served.in_use():
        found = await translated(service, served, texts, settings)
    done: list[Translation] = []
    for each in found:
        if isinstance(each, BaseException):
            raise Refusal(500, reason(each))
        done.append(each)
    content: dict[str, list[Any]] = {"translatedText": [each.text for each in done]}
    if request.source.lower() == _AUTO:  # nothing is detected: this is the language of the chosen model
        content["detectedLanguage"] = [{"confidence": 0, "language": languages.source}] * len(texts)
    if request.alternatives:
        content["alternatives"] = [[other.text for other in each.alternatives[1:]] for each in done]
    return Json({key: values[0] for key, values in content.items()} if isinstance(request.q, str) else content)


async def languages(service: Service, _: None, __: Record) -> Response:
    """List the source languages, each with the languages that it can be translated into."""
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
    """Return the first model that translates `source` to `target`. Raise Refusal if there is none."""
    known = [(served, served.languages) for served in models.served.values() if served.languages]
    if not known:
        raise Refusal(422, "the languages of the models are not known: start the server with --languages")
    for served, pair in known:
        if pair.target.lower() == target and source in (_AUTO, pair.source.lower()):
            return served, pair
    pairs = ", ".join(dict.fromkeys(f"{pair.source} to {pair.target}" for _, pair in known))
    raise Refusal(422, f"no model here translates {source[:40]!r} to {target[:40]!r}: there is {pairs}")
