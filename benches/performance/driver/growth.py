"""What long inputs cost: the query up to 10 KB, the aliases up to 5,000."""

import json
import os

import callgrind
from process import EVENT, Instance
from timing import progress

QUERIES = [1_000, 2_000, 4_000, 8_000, 10_000]
ALIASES = [50, 500, 5_000]


def denied(length, piece):
    """A refusal of the application's, which calls nobody, with a query of this length, filled with these pieces."""

    def event(number, _table):
        event = json.loads(EVENT)
        query = "error=access_denied"
        query += (piece * length)[: length - len(query)]
        event["rawQueryString"] = query
        event["queryStringParameters"] = {}
        return event

    return event


def queries(contender, more=5):
    """Instructions and memory by length, for one long parameter, and for as many as there is room for."""
    rows = []
    for length in QUERIES:
        progress(f"a query of {length} bytes")
        row = {"bytes": length}
        for name, piece in [("one parameter", "&x=" + "y" * 20_000), ("many parameters", "&a=%41")]:
            event = denied(length, piece)
            one = instructions(contender, 1, event)
            row[name] = (instructions(contender, 1 + more, event) - one) / more
        row["peak_kib"] = peak_kib(contender, denied(length, "&a=%41"))
        rows.append(row)
    return rows


def instructions(contender, callbacks, event):
    return callgrind.instructions(contender, False, callbacks, event, outcome="failed")


def peak_kib(contender, event):
    with Instance(contender.command, contender.variables(False)) as instance:
        instance.wait_for_init()
        for number in range(200):
            instance.invoke(event(number, False))
        return instance.peak_kib()


def aliases(more=20):
    """Instructions of the start, and of a callback, by the number of aliases. Of a build for debugging: its own measure."""
    rows = []
    for number in ALIASES:
        progress(f"{number} aliases")
        one, many = (
            callgrind.of_command([os.environ["ALIASES"], "aliases", str(number), str(callbacks)])
            for callbacks in (1, 1 + more)
        )
        rows.append({"aliases": number, "start": one, "callback": (many - one) / more})
    return rows
