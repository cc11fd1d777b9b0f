"""The scores in the W3C suites are shown at /conformance, to people and to programs."""

import json
from html.parser import HTMLParser

import httpx
import pytest

from kg.web.conformance import FILE, read_page

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Texts(HTMLParser):
    """Collects what a page shows."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep a piece of text."""
        self.found.append(data.strip())


@pytest.mark.parametrize(
    ("address", "accept", "content_type"),
    [
        ("/conformance", BROWSER, "text/html; charset=utf-8"),
        ("/conformance", "*/*", "application/json"),
        ("/conformance", "application/json", "application/json"),
        ("/conformance?format=json", BROWSER, "application/json"),
        ("/conformance?format=html", "application/json", "text/html; charset=utf-8"),
    ],
)
def test_the_scores_come_as_a_page_or_as_json(
    client: httpx.Client, address: str, accept: str, content_type: str
) -> None:
    answers = [client.request(method, address, headers={"Accept": accept}) for method in ("GET", "HEAD")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.headers["content-type"] for answer in answers] == [content_type] * 2
    assert answers[1].content == b""


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [("POST", "/conformance", 405), ("GET", "/conformance?format=turtle", 406), ("GET", "/conformance/", 404)],
)
def test_what_is_not_there_is_refused(client: httpx.Client, method: str, address: str, status: int) -> None:
    assert client.request(method, address).status_code == status


def test_programs_get_the_file_of_scores(client: httpx.Client) -> None:
    response = client.get("/conformance")

    assert response.json() == json.loads(FILE.read_text(encoding="utf-8"))


def test_the_page_names_every_suite_and_every_deviation_with_its_reason(client: httpx.Client) -> None:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    texts = Texts()

    texts.feed(client.get("/conformance", headers={"Accept": BROWSER}).text)

    assert {score["suite"] for score in document["scores"]} <= set(texts.found)
    assert {deviation["test"] for deviation in document["deviations"]} <= set(texts.found)
    assert {f"{each['kind']}: {each['reason']}" for each in document["deviations"]} <= set(texts.found)


def test_the_first_page_leads_there(client: httpx.Client) -> None:
    assert 'href="/conformance"' in client.get("/").text


def test_the_total_of_a_suite_is_the_sum_of_its_categories() -> None:
    figures = {"tests": 3, "passed": 1, "passed_by_value": 2, "approved": 2, "approved_passed": 1}
    scores = [{"suite": "S", "category": name, **figures} for name in ("a", "b")]

    page = read_page({"scores": scores, "deviations": [], "versions": {"rapallo": "1"}})

    (suite,) = page.suites
    total = suite.total
    assert (total.name, total.tests, total.passed, total.passed_by_value) == ("S", 6, 2, 4)
    assert (total.approved, total.approved_passed) == (4, 2)
