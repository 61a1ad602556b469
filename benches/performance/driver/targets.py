"""What the function is held to, against the floor and the rivals of the same run."""

from dataclasses import dataclass

M = 1_000_000


@dataclass
class Target:
    name: str
    value: float
    most: float
    unit: str = ""
    # Where the target is not met yet: what is, so that it gets no worse meanwhile.
    reached: float = 0

    @property
    def met(self):
        return self.value <= self.most

    def passed_by(self, share):
        """Whether the target, and what was reached before it, is passed by more than this share of it."""
        return self.value > max(self.most, self.reached) * (1 + share)

    def row(self):
        distance = f"{100 * (self.value / self.most - 1):+.0f} %"
        return [self.name, f"{self.value:.4g}{self.unit}", f"{self.most:.4g}{self.unit}", "yes" if self.met else "no", distance]


def of_instructions(ir, sizes):
    """`ir` has the cold and the warm count by contender and table; the absolute ones hold for x86-64."""
    floor_warm = ir["floor", False][1]
    targets = [
        Target("cold, no table", ir["function", False][0] / M, 10, " M Ir"),
        Target("cold, table", ir["function", True][0] / M, 15, " M Ir"),
        Target("warm for each AWS call, no table", ir["function", False][1] / floor_warm, 2.6, " × floor", reached=3.38),
        Target("warm for each AWS call, table", ir["function", True][1] / floor_warm, 2.6, " × floor", reached=3.09),
    ]
    if ("boto3", False) in ir:
        cold, warm = ir["boto3", False]
        targets += [
            Target("cold, no table, to boto3", ir["function", False][0] / cold, 1 / 100, " × boto3"),
            Target("warm for each AWS call, to boto3", ir["function", False][1] / warm, 1 / 8, " × boto3"),
        ]
    binary, zipped = sizes
    return [*targets, Target("binary", binary / M, 6.5, " MB"), Target("zip", zipped / M, 3, " MB")]


def of_time(cold, warm):
    """`cold` has medians by contender, table and round trip; `warm` what many callbacks of one process took."""
    # It knows no table and nobody far away, so its rows differ by chance: the lowest is the strictest.
    floor = min(run["cold_cpu"] for (name, *_), run in cold.items() if name == "floor")
    targets = []
    for table, most in [(False, 3.5), (True, 5)]:
        name = "table" if table else "no table"
        cpu = cold["function", table, 0]["cold_cpu"]
        targets += [
            Target(f"cold CPU, {name}", cpu / floor, most, " × floor"),
            Target(f"cold CPU, {name}, to boto3", cpu / cold["boto3", table, 0]["cold_cpu"], 1 / 50, " × boto3"),
            Target(f"cold CPU, {name}, to Node", cpu / cold["Node", table, 0]["cold_cpu"], 1 / 35, " × Node"),
            Target(f"CPU of the first callback, {name}", cold["function", table, 0]["first_cpu"], 2.9, " ms"),
        ]
        run = warm["function", table]
        connections = max(service["connections"] for service in run["services"].values())
        targets += [
            Target(f"peak memory after {run['callbacks']:,} callbacks, {name}", max(run["peak_kib"].values()) / 1024, 12, " MiB"),
            Target(f"connections to one service, {name}", connections, 1),
            Target(f"round trips waited for, {name}", warm["round trips", table], 3),
        ]
    return targets
