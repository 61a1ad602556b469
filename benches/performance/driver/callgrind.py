"""Instructions of a process in user space, counted by valgrind: the figure that does not depend on who else is busy."""

import re
import subprocess
import tempfile
from pathlib import Path

from process import Instance, callback

# Python and Node make code while they run; for Rust this changes nothing.
VALGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--smc-check=stack"]


def instructions(contender, table, callbacks, event=callback, outcome="connected"):
    """All instructions from the start to the end of so many callbacks."""
    with tempfile.NamedTemporaryFile() as log:
        command = [*VALGRIND, f"--log-file={log.name}", *contender.command]
        with Instance(command, contender.variables(table)) as instance:
            instance.wait_for_init()
            for number in range(callbacks):
                check(instance.invoke(event(number, table))[0], outcome)
                # The counts end where the next event is waited for.
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


def check(answer, outcome="connected"):
    """Nothing that went wrong is measured; only the function says how it ended."""
    location = answer.get("headers", {}).get("location", "")
    if answer["statusCode"] != 303 or ("outcome=" in location and f"outcome={outcome}" not in location):
        raise SystemExit(f"a callback failed: {answer}")


def collected(log):
    counts = re.findall(r"Collected : (\d+)", log)
    if not counts:
        raise SystemExit(f"callgrind did not say what it counted:\n{log}")
    return int(counts[-1])
