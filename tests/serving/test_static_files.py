"""The page's own files: public, of the right types, and nothing but them."""

import pytest

from tandem.serving.static_files import page_files
from tandem.serving.tokens import Tokens
from tests.serving.desk import desk, metric


def test_the_page_comes_whole_and_with_its_types() -> None:
    with desk(tokens=Tokens((b"",))).client() as client:  # nobody has this token
        index = client.get("/")
        assert client.get("/page/index.html").content == index.content
        for name, file in page_files().items():
            answer = client.get(f"/page/{name}")
            assert (answer.status_code, answer.content) == (200, file.content)
            assert answer.headers["content-type"] == file.media
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    policy = index.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_what_a_browser_has_is_not_sent_again() -> None:
    with desk().client() as client:
        first = client.get("/")
        for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
            again = client.get("/", headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == first.headers["etag"]
        assert client.get("/", headers={"If-None-Match": '"other"'}).status_code == 200
        assert metric(client, 'tandem_requests_total{path="/page",status="304"}') == 2


def test_a_head_says_what_a_get_would() -> None:
    with desk().client() as client:
        for path in ("/", "/page/index.html"):
            assert client.head(path).headers == client.get(path).headers


OTHERS = (
    "/page /page/ /page/views /page/nothing.js /page/../app.py /page/%2e%2e/app.py /page//etc/passwd /page/..%2fapp.py "
    "/page/index.html/ /page/%00 /page/..%5capp.py"
)


@pytest.mark.parametrize("path", OTHERS.split())
def test_no_path_leads_out_of_the_page(path: str) -> None:
    with desk().client() as client:
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"
        assert client.post(path).status_code in (404, 405)
