"""LibreTranslate's clients are answered as that server answers them."""

from typing import Any

import pytest

from tandem.errors import TandemError
from tandem.serving.answers import LanguagesAnswer, LibreAnswer, LibreError
from tests.serving.desk import ATTENDING, PLAIN, desk

TEXTS = ["eins zwei", "drei"]


def test_a_list_is_answered_with_lists() -> None:
    here = desk()
    body = {"q": TEXTS, "source": "de", "target": "EN", "alternatives": 2, "format": "text", "api_key": ""}
    with here.client() as client:
        answer = client.post("/translate", json=body).json()
    LibreAnswer.model_validate(answer)
    expected = [here.translator.translate([text], n_best=3)[0] for text in TEXTS]
    assert answer == {
        "translatedText": [each.text for each in expected],
        "alternatives": [[other.text for other in each.alternatives[1:]] for each in expected],
    }


def test_a_form_with_one_text_is_answered_with_values() -> None:
    here = desk()
    body = {"q": "one", "source": "auto", "target": "de", "alternatives": "1", "secret": "of a browser's page"}
    with here.client() as client:
        answer = client.post("/translate", data=body).json()
    LibreAnswer.model_validate(answer)
    (expected,) = here.alone[PLAIN].translator.translate(["one"], n_best=2)
    assert answer["translatedText"] == expected.text
    assert answer["alternatives"] == [expected.alternatives[1].text]
    assert answer["detectedLanguage"]["language"] == "en"


def test_languages_are_listed() -> None:
    with desk().client() as client:
        answer = client.get("/languages").json()
    LanguagesAnswer.model_validate(answer)
    assert answer == [
        {"code": "de", "name": "German", "targets": ["en"]},
        {"code": "en", "name": "English", "targets": ["de"]},
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": "fr"}, "no model here translates 'de' to 'fr': there is de to en, en to de"),
        ({"format": "html"}, "format: is 'html', and only plain text is translated here: send 'text'"),
        ({"alternatives": 99}, "alternatives: is 99, and 31 is the most here"),
        ({"alternatives": -1}, "alternatives: should be greater than or equal to 0"),
    ],
)
def test_errors_are_in_the_form_of_those_clients(change: dict[str, Any], message: str) -> None:
    with desk().client() as client:
        answer = client.post("/translate", json={"q": "a", "source": "de", "target": "en", **change})
    assert answer.status_code == 422
    assert LibreError.model_validate(answer.json()).error == message


def test_forms_that_are_none_are_refused() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with desk().client() as client:
        for body, message in (
            (b"q=%ff", "the form is not UTF-8"),
            (b"q=a&" * 2_000, "the form has more than 1,000 fields"),
        ):
            answer = client.post("/translate", content=body, headers=form)
            assert (answer.status_code, answer.json()) == (400, {"error": message})


def test_a_text_that_fails_is_an_error_of_the_request() -> None:
    here = desk()
    here.alone[ATTENDING].faults = {"zwei": TandemError("no output")}
    with here.client() as client:
        answer = client.post("/translate", json={"q": ["eins", "zwei"], "source": "de", "target": "en"})
    assert (answer.status_code, answer.json()) == (500, {"error": "no output"})


def test_without_languages_it_is_said_how_to_name_them() -> None:
    with desk(languages=False).client() as client:
        answer = client.post("/translate", json={"q": "a", "source": "de", "target": "en"})
        assert client.get("/languages").json() == []
    assert answer.json() == {"error": "the languages of the models are not known: start the server with --languages"}
