"""How large the function is, what of it is whose, and how large what is deployed."""

import json
import re
import subprocess
import zipfile
from collections import Counter

from contenders import ROOT, TARGET, environment


def binary_and_zip(contender):
    """Bytes of the binary, and of a zip with nothing else in it, as Lambda is given."""
    zipped = TARGET / f"{contender.name}.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.write(contender.program, "bootstrap")
    return contender.program.stat().st_size, zipped.stat().st_size


def crates(contender):
    """Bytes of code by crate, largest first, of the same build with its symbols left in."""
    stripped = contender.program.read_bytes()
    linked = ["cargo", "rustc", "--release", "--locked", "--bin", "appfabric-connect", "--", "-C", "strip=none"]
    subprocess.run(linked, cwd=ROOT, env=environment(), check=True)
    names = ["nm", "--print-size", "--demangle", str(contender.program)]
    symbols = subprocess.run(names, check=True, capture_output=True, text=True).stdout
    contender.program.write_bytes(stripped)
    return by_crate(symbols)


def by_crate(symbols):
    known = workspace_crates()
    sizes = Counter()
    for line in symbols.splitlines():
        match = re.match(r"[0-9a-f]+ ([0-9a-f]+) [tTwW] (.*)", line)
        if match:
            sizes[owner(match[2], known)] += int(match[1], 16)
    return sizes


def owner(symbol, known):
    """The crate that a function is of: the first in its name, which for a method of a trait is the type's."""
    if "::" not in symbol:
        # ring's are the only assembly and, but for a little of glibc's, the only C.
        return "ring (C and assembly)"
    for crate in re.findall(r"[a-z_][a-z0-9_]*(?=::)", symbol):
        if crate in known:
            return crate
    return "std"


def workspace_crates():
    metadata = ["cargo", "metadata", "--locked", "--format-version", "1"]
    packages = json.loads(subprocess.run(metadata, cwd=ROOT, check=True, capture_output=True).stdout)["packages"]
    return {package["name"].replace("-", "_") for package in packages}
