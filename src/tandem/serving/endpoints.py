"""The table of all endpoints of the server."""

from starlette.responses import Response

from tandem.serving import answers, libre, operations
from tandem.serving.access_log import Record
from tandem.serving.alternatives import list_alternatives
from tandem.serving.comparing import compare
from tandem.serving.description import describe
from tandem.serving.inside import inside
from tandem.serving.neighbours import neighbours
from tandem.serving.refusals import Json, libre_form
from tandem.serving.requests import (
    AlternativesRequest,
    CompareRequest,
    InsideRequest,
    LibreRequest,
    NeighboursRequest,
    SaliencyRequest,
    ScoreRequest,
    TraceRequest,
    TranslateRequest,
)
from tandem.serving.run_endpoints import RUN_ENDPOINTS
from tandem.serving.saliency import saliency
from tandem.serving.scoring import score
from tandem.serving.service import Endpoint, Service
from tandem.serving.tracing import trace
from tandem.serving.translating_texts import translate

_OF_BODIES = (400, 413, 415, 422, 429, 503, 504)


async def _description(service: Service, _: None, __: Record) -> Response:
    return Json(describe(ENDPOINTS, tokens=service.tokens is not None))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/translate",
        "Translate one text or a list.",
        translate,
        answers.TranslateAnswer,
        _OF_BODIES,
        TranslateRequest,
    ),
    Endpoint("POST", "/v1/score", "Score given targets.", score, answers.ScoreAnswer, _OF_BODIES, ScoreRequest),
    Endpoint(
        "POST",
        "/v1/trace",
        "Trace the search for a translation.",
        trace,
        answers.TraceAnswer,
        _OF_BODIES,
        TraceRequest,
    ),
    Endpoint(
        "POST",
        "/v1/alternatives",
        "List the most probable tokens at a place of a translation.",
        list_alternatives,
        answers.AlternativesAnswer,
        _OF_BODIES,
        AlternativesRequest,
    ),
    Endpoint(
        "POST",
        "/v1/saliency",
        "Measure the influence of each source token on each target token.",
        saliency,
        answers.SaliencyAnswer,
        _OF_BODIES,
        SaliencyRequest,
    ),
    Endpoint(
        "POST",
        "/v1/inside",
        "Return the states and gates of a layer at each token.",
        inside,
        answers.InsideAnswer,
        _OF_BODIES,
        InsideRequest,
    ),
    Endpoint(
        "POST",
        "/v1/neighbours",
        "Find the training sentences whose contexts are nearest.",
        neighbours,
        answers.NeighboursAnswer,
        _OF_BODIES,
        NeighboursRequest,
        accepted=answers.ComputingAnswer,
    ),
    Endpoint(
        "POST",
        "/v1/compare",
        "Compare two models on the same lines.",
        compare,
        answers.CompareAnswer,
        _OF_BODIES,
        CompareRequest,
    ),
    Endpoint("GET", "/v1/models", "List the models.", operations.models, answers.ModelsAnswer),
    Endpoint(
        "POST",
        "/translate",
        "Translate, for LibreTranslate clients.",
        libre.translate,
        answers.LibreAnswer,
        _OF_BODIES,
        LibreRequest,
        form=True,
        error_form=libre_form,
    ),
    Endpoint(
        "GET",
        "/languages",
        "List the languages, for LibreTranslate clients.",
        libre.languages,
        answers.LanguagesAnswer,
        public=True,
        error_form=libre_form,
    ),
    Endpoint("GET", "/health", "Check that the process runs.", operations.health, answers.StatusAnswer, public=True),
    Endpoint(
        "GET",
        "/ready",
        "Check that requests are accepted.",
        operations.ready,
        answers.StatusAnswer,
        (503,),
        public=True,
    ),
    Endpoint("GET", "/metrics", "Return the metrics in Prometheus' text format.", operations.metrics, None),
    Endpoint("GET", "/openapi.json", "Return this description.", _description, answers.Description),
    *RUN_ENDPOINTS,
)
