"""Instructions of a process in user space, counted by valgrind: the figure that does not depend on who else is busy.

As long as nobody is so busy that a call runs out of time: what was tried again is no measure, and is measured again.
"""

import re
import subprocess
import tempfile
from pathlib import Path

import book
from process import Instance, callback, check
from runtime_api import Unanswered
from timing import progress

VALGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]

# How often a count is tried that something came between.
TRIES = 6


def instructions(contender, table, callbacks, event=callback, outcome="connected"):
    """All instructions from the start to the end of so many callbacks."""
    calls = contender.calls[table] * callbacks if outcome == "connected" else 0
    counts = []
    for _ in range(TRIES):
        book.forget()
        try:
            count = counted(contender, table, callbacks, event, outcome)
        except (Unanswered, ValueError) as error:
            progress(f"once more: {error}")
            continue
        services = book.read().values()
        if sum(service["calls"] for service in services) != calls:
            progress("once more: a call was made twice")
            continue
        counts.append((sum(service["connections"] for service in services), count))
        # So slow, a client sometimes opens a connection that it needs no more when it is there.
        if counts[-1][0] <= (1 if not table or not calls else 2):
            break
    if not counts:
        raise SystemExit(f"{contender.name} was not left alone in {TRIES} tries")
    return min(counts)[1]


def counted(contender, table, callbacks, event, outcome):
    with tempfile.NamedTemporaryFile() as log:
        command = [*VALGRIND, f"--log-file={log.name}", *contender.command]
        with Instance(command, contender.variables(table)) as instance:
            instance.wait_for_init()
            for number in range(callbacks):
                check(instance.invoke(event(number, table))[0], outcome)
                # The count ends where the next event is waited for.
                instance.api.asked()
        return collected(Path(log.name).read_text())


def of_command(command):
    """All instructions of a command that ends by itself."""
    with tempfile.NamedTemporaryFile() as log:
        subprocess.run([*VALGRIND, f"--log-file={log.name}", *command], check=True)
        return collected(Path(log.name).read_text())


def cold_and_warm(contender, table, more=10):
    """Instructions of init with the first callback, and of a later callback for each AWS call that it makes."""
    cold = instructions(contender, table, 1)
    warm = (instructions(contender, table, 1 + more) - cold) / more
    return cold, warm / (contender.calls[table] or 1)


def collected(log):
    counts = re.findall(r"Collected : (\d+)", log)
    if not counts:
        raise SystemExit(f"callgrind did not say what it counted:\n{log}")
    return int(counts[-1])
