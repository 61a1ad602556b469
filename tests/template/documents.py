"""The Markdown files of the repository: their headings, the anchors that GitHub makes of these, and their links."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Those at the top, and what they lead to.
PAGES = sorted(it.relative_to(ROOT).as_posix() for it in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


@cache
def text(page):
    """The page as it is written."""
    return (ROOT / page).read_text()


def headings(page):
    """The headings in their order, each with its rank. A comment in an example of commands is none."""
    for line in without_examples(text(page)).splitlines():
        if found := re.fullmatch(r"(#{1,6}) +(.+?)(?: +#+)? *", line):
            yield len(found[1]), found[2]


def anchors(page):
    """Where links into the page may lead."""
    return anchors_of(heading for _, heading in headings(page))


def anchors_of(headings):
    """The anchors that GitHub makes of headings: what is read, without punctuation; a repeated one gets a number."""
    seen, made = Counter(), []
    for heading in headings:
        read = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", read.strip().lower()).replace(" ", "-")
        unique = anchor
        while unique in made:
            seen[anchor] += 1
            unique = f"{anchor}-{seen[anchor]}"
        made.append(unique)
    return made


def links(page):
    """Every target of a link or an image, in the order of the page."""
    prose = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", without_examples(text(page)), flags=re.DOTALL)
    inline = r"\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+\"[^\"]*\")?\s*\)"
    defined = r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)"
    return re.findall(inline, prose) + re.findall(defined, prose, re.MULTILINE)


def section(page, heading):
    """The page from a heading to the next one of its rank."""
    rank = heading.split()[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(rank)}}} |\Z)", text(page), re.MULTILINE | re.DOTALL)
    return found[1]


def without_examples(markdown):
    """Without blocks between fences, indented ones included."""
    return re.sub(r"^ *(```+|~~~+).*?^ *\1 *$", "", markdown, flags=re.MULTILINE | re.DOTALL)


def broken(page, target):
    """What is wrong with a link on the page; nothing with one that leads out of the repository."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    path, _, anchor = target.partition("#")
    file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    if not file.is_relative_to(ROOT) or not file.exists():
        return f"{page}: there is no {path}"
    if "#" not in target:
        return None
    name = file.relative_to(ROOT).as_posix()
    if name not in PAGES or anchor not in anchors(name):
        return f"{page}: {name} has no #{anchor}"
    return None
