"""How long a cold function takes for its first answer, and what that costs, by the memory that it is given."""

from contenders import ROOT
from timing import rounds

SIZES_MB = [128, 256, 512, 1024]

# us-east-1, arm64, in US dollars; tests/template/test_cost.py has the same.
PER_GB_SECOND = 0.0000133334

# What AppFabric takes to redeem the code, for which the function waits whatever its size. Assumed.
APPFABRIC_MS = 1000

PICTURE = ROOT / "docs/memory_size.svg"

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 260, 60, 500, 40, 210


def curve(function, number):
    """A point for each size: the cold callback with a table, as it is deployed, of a function that has just started."""
    points = []
    for size in SIZES_MB:
        run = rounds([function], [True], [0], number, size)[function.name, True, 0]
        billed = run["init"] + run["first"] + APPFABRIC_MS
        cost = billed / 1000 * size / 1024 * PER_GB_SECOND * 1_000_000
        points.append({"memory_mb": size, "first_ms": run["first"], "init_ms": run["init"], "usd_per_million": cost})
    return points


def draw(points):
    """The curve as a small picture, in light and dark."""
    first = [point["first_ms"] for point in points]
    cost = [point["usd_per_million"] for point in points]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">',
        '<title id="title">First answer of a cold function, and its cost, by memory size</title>',
        "<style>",
        "text{font:12px system-ui,sans-serif;fill:#333}.axis{stroke:#888}.time{stroke:#0b66c3;fill:none}",
        ".cost{stroke:#b4540a;fill:none}text.time{fill:#0b66c3;stroke:none}text.cost{fill:#b4540a;stroke:none}",
        "polyline{stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#ccc}.time{stroke:#6cb2ff}.cost{stroke:#ffae66}",
        "text.time{fill:#6cb2ff}text.cost{fill:#ffae66}}",
        "</style>",
        f'<path class="axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}V{TOP}" fill="none"/>',
        f'<text class="time" x="{LEFT}" y="20">first answer, ms (own work, cold)</text>',
        f'<text class="cost" x="{RIGHT}" y="20" text-anchor="end">$ for a million callbacks</text>',
        f'<text x="{(LEFT + RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">MemorySize, MB</text>',
        *line("time", first, 1, -8),
        *line("cost", cost, 2, 18),
    ]
    for place, point in enumerate(points):
        parts.append(f'<text x="{across(place)}" y="{BOTTOM + 18}" text-anchor="middle">{point["memory_mb"]}</text>')
    PICTURE.write_text("\n".join([*parts, "</svg>"]) + "\n")


def line(name, values, digits, above):
    top = max(values) * 1.1
    places = [(across(place), BOTTOM - (BOTTOM - TOP) * value / top) for place, value in enumerate(values)]
    yield f'<polyline class="{name}" points="{" ".join(f"{x:.0f},{y:.0f}" for x, y in places)}"/>'
    for (x, y), value in zip(places, values):
        yield f'<text class="{name}" x="{x:.0f}" y="{y + above:.0f}" text-anchor="middle">{value:.{digits}f}</text>'


def across(place):
    return LEFT + 30 + place * (RIGHT - LEFT - 60) / (len(SIZES_MB) - 1)
