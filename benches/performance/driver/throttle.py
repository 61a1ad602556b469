"""The share of a processor that Lambda gives a function of some size, by the kernel's own quota (cgroups)."""

import os
from pathlib import Path

# Lambda gives one processor for 1,769 MB, in slices of 20 ms. During init a function has a whole one.
MB_PER_PROCESSOR = 1769
PERIOD_US = 20_000

ROOT = Path("/sys/fs/cgroup")


class Throttle:
    """A group of processes with this share; processes are put in after their init."""

    def __init__(self, memory_mb):
        self.quota = round(PERIOD_US * memory_mb / MB_PER_PROCESSOR)
        name = f"appfabric-connect-bench-{os.getpid()}-{memory_mb}"
        self.folder = (ROOT / "cpu" if (ROOT / "cpu").is_dir() else ROOT) / name

    def __enter__(self):
        self.folder.mkdir()
        try:
            if (self.folder / "cpu.max").exists():
                (self.folder / "cpu.max").write_text(f"{self.quota} {PERIOD_US}")
            else:
                (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (self.folder / "cpu.cfs_quota_us").write_text(str(self.quota))
        except OSError:
            self.folder.rmdir()
            raise
        return self

    def __exit__(self, *_):
        self.folder.rmdir()

    def add(self, instance):
        (self.folder / "cgroup.procs").write_text(str(instance.process.pid))


def why_not():
    """Why nothing can be throttled here; nothing where it can."""
    try:
        with Throttle(128):
            return None
    except OSError as error:
        return f"needs root and a cgroup that can be written ({error})"
