"""Processor time, time on the clock and memory: all contenders in turn, round after round, so that all meet the same
neighbours."""

import statistics
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass

import book
from process import Instance, callback, check
from throttle import Throttle

# What a process has to be given until it waits again after an answer.
SETTLE = 0.005


@dataclass
class Cold:
    """One fresh process; all in milliseconds."""

    init: float
    first: float
    cold_cpu: float
    first_cpu: float


def cold(contender, table, round_trip, throttle):
    with Instance(contender.command, contender.variables(table, round_trip)) as instance:
        init = instance.wait_for_init()
        # No pause: where init is over, Lambda has the event that it was for.
        if throttle:
            throttle.add(instance)
        before = instance.cpu()
        answer, first = instance.invoke(callback(0, table))
        check(answer)
        instance.api.asked()
        time.sleep(SETTLE)
        after = instance.cpu()
    return Cold(*(1000 * seconds for seconds in (init, first, after, after - before)))


def undisturbed(contender, table, round_trip, throttle):
    """A run, once more where its neighbours were so busy that a call ran out of time."""
    while True:
        try:
            return cold(contender, table, round_trip, throttle)
        except ValueError as error:
            progress(f"once more: {error}")


def rounds(contenders, tables, round_trips, number, memory_mb=None):
    """Medians by contender, table and round trip."""
    rows = [(who, table, away) for who in contenders for table in tables for away in round_trips]
    found = {(who.name, table, away): [] for who, table, away in rows}
    for turn in range(number):
        progress(f"cold starts{f' at {memory_mb} MB' if memory_mb else ''}: round {turn + 1} of {number}")
        for who, table, away in rows:
            with Throttle(memory_mb) if memory_mb else nullcontext() as throttle:
                found[who.name, table, away].append(undisturbed(who, table, away, throttle))
    return {row: medians(runs) for row, runs in found.items()}


def medians(runs):
    return {name: statistics.median(getattr(run, name) for run in runs) for name in asdict(runs[0])}


def warm(contender, table, callbacks, round_trip=0):
    """Many callbacks of one process: what each takes, what memory that has needed, and how many connections."""
    book.forget()
    walls, peaks = [], {}
    with Instance(contender.command, contender.variables(table, round_trip)) as instance:
        instance.wait_for_init()
        for number in range(callbacks):
            if number == 1:
                before = instance.cpu()
            answer, wall = instance.invoke(callback(number, table))
            check(answer)
            instance.api.asked()
            walls.append(1000 * wall)
            if number + 1 in (1, callbacks // 2, callbacks):
                peaks[number + 1] = instance.peak_kib()
        cpu = instance.cpu() - before
    return {
        "callbacks": callbacks,
        "wall_ms": statistics.median(walls[1:]),
        "cpu_us": 1e6 * cpu / (callbacks - 1),
        "peak_kib": peaks,
        "services": book.read(),
    }


def progress(text):
    print(f"… {text}", file=sys.stderr, flush=True)
