"""What the API answers by itself."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from stack import ROOT, only

# What a browser can meet, with what the page says first.
PAGES = [
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "REQUEST_TOO_LARGE",
    "THROTTLED",
    "WAF_FILTERED",
]

# What only /flows can be answered, the one route that asks for a signature.
PROBLEMS = ["ACCESS_DENIED", "EXPIRED_TOKEN", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN", "UNAUTHORIZED"]

REFERENCE = "$context.extendedRequestId"


@pytest.fixture(scope="module")
def responses(deploy):
    """The responses by their types, as API Gateway gets them."""
    body = deploy().resources()["Api"]["Properties"]["Body"]
    return body["x-amazon-apigateway-gateway-responses"]


class Page(HTMLParser):
    """A page's elements, and its text by element."""

    VOID = {"meta", "rect", "path", "circle"}

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.text = [], [], {}
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, text):
        if self.open:
            self.text[self.open[-1]] = self.text.get(self.open[-1], "") + text


def headers(response):
    found = response["responseParameters"]
    assert all(name.startswith("gatewayresponse.header.") for name in found)
    # A text stands in single quotes.
    assert all(value[0] == value[-1] == "'" for value in found.values())
    return {name.removeprefix("gatewayresponse.header."): value[1:-1] for name, value in found.items()}


def page(response):
    (html,) = response["responseTemplates"].values()
    return html


def test_every_type_that_can_happen_is_answered(responses):
    assert sorted(responses) == sorted([*PAGES, *PROBLEMS])


def test_a_status_is_api_gateways_own(responses):
    assert not any("statusCode" in response for response in responses.values())


@pytest.mark.parametrize("kind", [*PAGES, *PROBLEMS])
def test_every_answer_has_the_functions_own_headers(responses, kind):
    found = headers(responses[kind])
    source = (ROOT / "src/http/response.rs").read_text()
    assert found["Cache-Control"] == "no-store" and '"no-store"' in source
    assert found["Referrer-Policy"] == "no-referrer" and '"no-referrer"' in source
    assert found["X-Content-Type-Options"] == "nosniff" and '"nosniff"' in source
    assert f'"{found["Strict-Transport-Security"]}"' in source
    assert f'"{found["Content-Security-Policy"]}"' in source
    (template,) = responses[kind]["responseTemplates"]
    assert found["Content-Type"] == (f"{template}; charset=utf-8" if template == "text/html" else template)


@pytest.mark.parametrize("kind", PAGES)
def test_a_browser_gets_a_page_that_says_what_to_do_and_loads_nothing(responses, kind):
    html = page(responses[kind])
    assert html.startswith("<!doctype html>\n")
    found = Page(html)
    tags = [tag for tag, _ in found.elements]
    assert [tags.count(tag) for tag in ["html", "title", "main", "h1", "h2", "style"]] == [1] * 6
    assert dict(found.elements)["html"] == {"lang": "en"}
    assert not {"script", "link", "img", "iframe", "form", "a"} & set(tags)
    for _, attributes in found.elements:
        assert not {"src", "href", "srcset", "action", "style"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in found.text["style"] and "@import" not in found.text["style"]
    assert found.text["title"].strip() == found.text["h1"].strip()
    assert found.text["code"] == REFERENCE
    assert len(found.text["p"]) > 80


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_looks_like_the_functions_own(responses, kind):
    style = re.search(r"<style>(.*?)</style>", page(responses[kind]), re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in headers(responses[kind])["Content-Security-Policy"]
    assert style == (ROOT / "src/http/pages/style.css").read_text()


@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_program_gets_problem_details_that_say_what_to_change(responses, kind):
    ((kind_of_body, body),) = responses[kind]["responseTemplates"].items()
    problem = json.loads(body)
    assert kind_of_body == "application/problem+json"
    assert (problem["type"], problem["reference"]) == ("about:blank", REFERENCE)
    assert (problem["status"], problem["title"]) == ((401, "Unauthorized") if kind == "UNAUTHORIZED" else (403, "Forbidden"))
    assert len(problem["detail"]) > 30


@pytest.mark.parametrize("kind", [*PAGES, *PROBLEMS])
def test_api_gateway_puts_in_nothing_but_its_own_reference(responses, kind):
    (body,) = responses[kind]["responseTemplates"].values()
    assert re.findall(r"\$[^\"<]*", body) == [REFERENCE]
    # $context.requestId may be the caller's own choice, and a message may quote the request.
    assert "requestId" not in body.replace(REFERENCE, "") and "$context.error" not in body


def test_the_words_tell_what_is_lost_from_what_is_not(responses):
    for kind in ["THROTTLED", "WAF_FILTERED", "REQUEST_TOO_LARGE", "DEFAULT_4XX"]:
        assert "nothing was done" in page(responses[kind]) or "before anything was done" in page(responses[kind]), kind
    for kind in ["INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "DEFAULT_5XX"]:
        assert "we do not know" in page(responses[kind]), kind
    assert headers(responses["THROTTLED"])["Retry-After"] == "30"
