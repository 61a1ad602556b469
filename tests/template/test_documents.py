"""The documents: every link leads somewhere, the README stays a front door, and each reason and setting has its place."""

import re
import shlex
from urllib.parse import urljoin

import pytest
from awscli.clidriver import create_clidriver
from documents import PAGES, ROOT, anchors_of, broken, headings, links, section, text
from test_watching import outcomes


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    assert [fault for fault in (broken(page, target) for target in links(page)) if fault] == []


def test_every_link_of_the_templates_leads_somewhere():
    found = re.findall(r"[\w./-]+\.(?:md|yaml)(?:#[\w-]+)?", text("template.yaml") + text("watching.yaml"))
    assert len(found) > 12
    assert [fault for fault in (broken("template.yaml", target) for target in found) if fault] == []


def test_every_page_is_found_from_the_readme():
    found, new = set(), ["README.md"]
    while new:
        page = new.pop()
        if page in PAGES and page not in found:
            found.add(page)
            new += [urljoin(page, target.partition("#")[0]) for target in links(page)]
    assert set(PAGES) - {"CHANGELOG.md"} <= found


def test_the_readme_is_a_front_door():
    assert len(text("README.md").splitlines()) <= 150


def test_every_reason_has_one_entry():
    entries = [heading for rank, heading in headings("docs/reasons.md") if rank > 1]
    assert sorted(entries) == sorted(reason for _, reason in outcomes())


def test_every_entry_begins_with_its_outcome():
    for outcome, reason in outcomes():
        assert re.match(rf"\n\*{outcome.capitalize()}\b", section("docs/reasons.md", f"## {reason}")), reason


def test_every_parameter_and_variable_is_explained(source):
    page = text("docs/configure.md")
    for parameter in source["Parameters"]:
        assert re.search(rf"^\|[^\n]*`{parameter}`", page, re.MULTILINE), parameter
    (function,) = (it for it in source["Resources"].values() if it["Type"] == "AWS::Serverless::Function")
    for variable in function["Properties"]["Environment"]["Variables"]:
        assert re.search(rf"^\| [^|]*`{variable}`", page, re.MULTILINE), variable


def aws_commands():
    """Every command of the AWS CLI in the documents and in the comments of the templates, in words."""
    pages = {page: text(page) for page in [*PAGES, "docs/account.yaml", "docs/waf.yaml"]}
    for page, written in pages.items():
        for command in re.findall(r"^[ #$]*aws ((?:.*\\\n)*.*)$|`aws ([^`]+)`", written, re.MULTILINE):
            yield page, shlex.split("".join(command).replace("\\\n", " "), comments=True)


@pytest.mark.parametrize(("page", "command"), list(aws_commands()), ids=lambda it: " ".join(it[:2]) if isinstance(it, list) else it)
def test_the_aws_cli_knows_every_command(page, command):
    service, operation, *words = command
    cli = create_clidriver().create_help_command()
    options = cli.command_table[service].create_help_command().command_table[operation].arg_table
    given = {word[2:] for word in words if word.startswith("--")}
    assert given <= {*options, *cli.arg_table}, f"{page}: {command}"
    required = {name for name, option in options.items() if option.required}
    # A sentence may name a command without its options, and "…" leaves out some.
    assert required <= given or not given or "…" in words, f"{page}: {command}"


@pytest.mark.parametrize(
    ("written", "anchors"),
    [
        (["The alarms"], ["the-alarms"]),
        (["unknown_connection"], ["unknown_connection"]),
        (["`in_progress` (pending)"], ["in_progress-pending"]),
        (["5xx of the API"], ["5xx-of-the-api"]),
        (["Cross-site request forgery (§4.7)"], ["cross-site-request-forgery-47"]),
        (["A domain, a CDN, or both — and more"], ["a-domain-a-cdn-or-both--and-more"]),
        (["[1.0.0] - 2026-11-27"], ["100---2026-11-27"]),
        (["See [the page](docs/page.md)"], ["see-the-page"]),
        (["Same", "Other", "Same", "Same"], ["same", "other", "same-1", "same-2"]),
        (["Same", "Same 1", "Same"], ["same", "same-1", "same-2"]),
    ],
)
def test_an_anchor_is_what_github_makes_of_a_heading(written, anchors):
    assert anchors_of(written) == anchors


@pytest.mark.parametrize(
    ("target", "is_broken"),
    [
        ("README.md", False),
        ("docs/reasons.md#link_used", False),
        ("docs/waf.yaml", False),
        ("docs", False),
        ("https://example.com/#anything", False),
        ("mailto:someone@example.com", False),
        ("docs/reasons.md#link-used", True),
        ("docs/reasons.md#", True),
        ("reasons.md", True),
        ("#no-such-heading", True),
        ("docs/waf.yaml#webacl", True),
        ("../elsewhere.md", True),
        ("/docs/reasons.md", True),
    ],
)
def test_a_broken_link_is_found(target, is_broken):
    assert bool(broken("README.md", target)) is is_broken


def test_links_are_found_wherever_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr("documents.text", lambda page: page)
    page = """
[one](a.md), [`two`](b.md#x) and ![an image
over two lines](c.svg), [three](d(1).md "title"), `not [this](e.md)`, [four][ref]

```console
$ echo '[nor](f.md)'
```

1. indented

   ```text
   [nor](g.md) this
   ```

   [five](h.md)

[ref]: i.md
"""
    assert links(page) == ["a.md", "b.md#x", "c.svg", "d(1).md", "h.md", "i.md"]
