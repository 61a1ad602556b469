"""The figures as Markdown, and as JSON beside it."""

import json

from contenders import TARGET

M = 1_000_000


def write(figures):
    """Writes both files and gives back the Markdown; `figures` has a part for each that was measured."""
    parts = [PARTS[name](found) for name, found in figures.items() if name in PARTS]
    text = "\n".join(parts)
    (TARGET / "report.md").write_text(text)
    (TARGET / "report.json").write_text(json.dumps(plain(figures), indent=2, default=vars) + "\n")
    return text


def table(title, head, rows):
    lines = [f"### {title}", "", "| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""])


def instructions(found):
    rows = []
    for (name, with_table), (cold, warm) in found.items():
        floor = found["floor", False]
        ratios = f"{cold / floor[0]:.1f}", f"{warm / floor[1]:.2f}"
        rows.append([name, word(with_table), f"{cold / M:.2f}", ratios[0], f"{warm / 1000:.0f}", ratios[1]])
    head = ["", "table", "cold, M Ir", "× floor", "warm for each AWS call, K Ir", "× floor"]
    return table("Instructions", head, rows)


def cold(found):
    rows = []
    floor = min(run["cold_cpu"] for (name, *_), run in found.items() if name == "floor")
    for (name, with_table, away), run in found.items():
        figures = [f"{run[key]:.2f}" for key in ("init", "first", "first_cpu", "cold_cpu")]
        rows.append([name, word(with_table), f"{away} ms", *figures, f"{run['cold_cpu'] / floor:.1f}"])
    head = ["", "table", "round trip", "init, ms", "first answer, ms", "its CPU, ms", "cold CPU, ms", "× floor"]
    return table("Cold starts at full speed", head, rows)


def small(found):
    rows = [[name, word(with_table), f"{run['first']:.1f}"] for (name, with_table, _), run in found.items()]
    return table("First answer at 128 MB (7.25 % of a processor after init)", ["", "table", "ms"], rows)


def warm(found):
    rows = []
    for (name, with_table), run in found.items():
        if name == "round trips":
            continue
        peaks = ", ".join(f"{kib / 1024:.1f} ({callbacks:,})" for callbacks, kib in run["peak_kib"].items())
        connections = ", ".join(str(service["connections"]) for service in run["services"].values())
        calls = sum(service["calls"] for service in run["services"].values()) / run["callbacks"]
        figures = f"{run['cpu_us']:.0f}", f"{run['wall_ms']:.2f}", peaks, connections, f"{calls:g}"
        trips = found.get(("round trips", with_table), "") if name == "function" else ""
        rows.append([name, word(with_table), *figures, trips])
    head = ["", "table", "CPU, µs", "answer, ms", "peak MiB (after callbacks)", "connections: AppFabric, stand-in"]
    return table("Warm callbacks", [*head, "calls", "round trips waited for"], rows)


def growth(found):
    rows = [
        [row["bytes"], *(f"{row[name] / 1000:.0f}" for name in ("one parameter", "many parameters")), row["peak_kib"]]
        for row in found["queries"]
    ]
    text = table("Long queries", ["bytes", "one parameter, K Ir", "many parameters, K Ir", "peak KiB"], rows)
    rows = [[row["aliases"], f"{row['start'] / M:.1f}", f"{row['callback'] / 1000:.0f}"] for row in found["aliases"]]
    return text + "\n" + table("Many aliases (unoptimised build)", ["aliases", "start, M Ir", "a callback, K Ir"], rows)


def sizes(found):
    rows = [[name, *(f"{size / M:.2f}" for size in both)] for name, both in found.items()]
    return table("Size", ["", "binary, MB", "zip, MB"], rows)


def crates(found):
    whole = sum(found.values())
    rows = [[name, f"{size / 1000:.0f}", f"{100 * size / whole:.1f}"] for name, size in found.most_common(10)]
    return table(f"The ten largest crates of {whole / M:.2f} MB of code", ["crate", "KB", "%"], rows)


def memory(found):
    rows = [
        [point["memory_mb"], f"{point['init_ms']:.1f}", f"{point['first_ms']:.1f}", f"{point['usd_per_million']:.2f}"]
        for point in found
    ]
    return table("Memory size", ["MB", "init, ms", "first answer, ms", "$ for a million"], rows)


def targets(found):
    return table("Targets", ["figure", "measured", "at most", "met", "distance"], [target.row() for target in found])


def word(with_table):
    return "yes" if with_table else "no"


def plain(value):
    """Keys as JSON has them."""
    if isinstance(value, dict):
        named = (("/".join(map(str, key)) if isinstance(key, tuple) else key, value) for key, value in value.items())
        return {key: plain(value) for key, value in named}
    return [plain(one) for one in value] if isinstance(value, list) else value


PARTS = {
    "instructions": instructions,
    "cold": cold,
    "small": small,
    "warm": warm,
    "growth": growth,
    "memory": memory,
    "sizes": sizes,
    "crates": crates,
    "targets": targets,
}
