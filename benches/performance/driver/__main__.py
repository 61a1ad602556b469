"""Measures what the far side is started for.

Read this file (what is measured), `contenders` (who), then `callgrind` and `timing` (how); `process`, `runtime_api` and
`throttle` are what they stand on. `growth`, `memory_size` and `sizes` are parts of their own, `targets` says what is
enough, `report` writes it down.
"""

import argparse
import shutil
import sys

import callgrind
import contenders
import growth
import memory_size
import report
import sizes
import targets
import timing
from throttle import why_not

PARTS = ["instructions", "cold", "small", "warm", "growth", "memory", "sizes", "crates"]

TABLES = [False, True]

# By how much of a target CI lets it be passed.
SLACK = 0.1


def main():
    parser = argparse.ArgumentParser(prog="cargo bench --", description="What a callback costs, and beside what.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "check", []], help="what to measure; everything if nothing is named")
    parser.add_argument("--rounds", type=int, default=30, help="fresh processes for each median (default: 30)")
    parser.add_argument("--callbacks", type=int, default=3_000, help="of one process, for its memory (default: 3000)")
    arguments = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is needed: apt-get install valgrind, or the like")
    if "check" in arguments.parts:
        sys.exit(check())
    figures = measure(arguments.parts or PARTS, arguments)
    print(report.write(figures))


def measure(parts, arguments):
    function, floor = contenders.function(), contenders.floor()
    rivals = [contenders.naive(), contenders.boto3(), contenders.node()]
    everyone = [function, floor, *rivals]
    figures = {}
    if "sizes" in parts:
        figures["sizes"] = {who.name: sizes.binary_and_zip(who) for who in everyone if who.program}
    if "instructions" in parts:
        # Node makes code of its own while it runs, at times that differ.
        figures["instructions"] = count(everyone[:-1])
    if "cold" in parts:
        figures["cold"] = timing.rounds(everyone, TABLES, [0, 20], arguments.rounds)
    if "warm" in parts:
        figures["warm"] = warm(function, everyone, arguments.callbacks)
    throttled = [part for part in ("small", "memory") if part in parts]
    if throttled and (reason := why_not()):
        print(f"\n*** SKIPPED: {' and '.join(throttled)}: {reason} ***\n", file=sys.stderr)
    elif throttled:
        if "small" in parts:
            figures["small"] = timing.rounds(everyone, TABLES, [0], arguments.rounds, 128)
        if "memory" in parts:
            figures["memory"] = memory_size.curve(function, arguments.rounds)
            memory_size.draw(figures["memory"])
    if "growth" in parts:
        figures["growth"] = {"queries": growth.queries(function), "aliases": growth.aliases()}
    if "crates" in parts:
        figures["crates"] = sizes.crates(function)
    held_to = []
    if "instructions" in figures and "sizes" in figures:
        held_to += targets.of_instructions(figures["instructions"], figures["sizes"]["function"])
    if "cold" in figures and "warm" in figures:
        held_to += targets.of_time(figures["cold"], figures["warm"])
    return {"targets": held_to, **figures}


def count(everyone):
    found = {}
    for who in everyone:
        for table in TABLES:
            timing.progress(f"instructions of {who.name}, {'with' if table else 'without'} a table")
            found[who.name, table] = callgrind.cold_and_warm(who, table)
    return found


def warm(function, everyone, callbacks):
    found = {}
    for who in everyone:
        for table in TABLES:
            # Only the function's memory has to be flat.
            number = callbacks if who is function else 200
            timing.progress(f"{number} warm callbacks of {who.name}, {'with' if table else 'without'} a table")
            found[who.name, table] = timing.warm(who, table, number)
    for table in TABLES:
        far = timing.warm(function, table, 8, 200)
        found["round trips", table] = round((far["wall_ms"] - found["function", table]["wall_ms"]) / 200)
    return found


def check():
    """What CI does: instructions and sizes of the function against the floor of the same run, and nothing that time decides."""
    function, floor = contenders.function(), contenders.floor()
    held_to = targets.of_instructions(count([function, floor]), sizes.binary_and_zip(function))
    print(report.targets(held_to))
    passed = [target for target in held_to if target.passed_by(SLACK)]
    for target in passed:
        print(f"passed by more than {SLACK:.0%}: {target.name}: {target.value:.4g}{target.unit}, at most {target.most:g}")
    print("figures: " + ", ".join(f"{target.name} {target.value:.3g}{target.unit}" for target in held_to))
    return 1 if passed else 0


main()
