"""How large the function is, what of it is whose, and how large what is deployed."""

import json
import os
import re
import subprocess
import zipfile
from collections import Counter

from contenders import ROOT, TARGET


def binary_and_zip(contender):
    """Bytes of the binary, and of a zip with nothing else in it, as Lambda is given."""
    zipped = TARGET / f"{contender.name}.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.write(contender.program, "bootstrap")
    return contender.program.stat().st_size, zipped.stat().st_size


def crates():
    """Bytes of code by crate, largest first, of the release build with its symbols left in."""
    target = TARGET / "symbols"
    build = ["cargo", "build", "--release", "--locked", "--bin", "appfabric-connect"]
    keep = ["--config", "profile.release.strip=false", "--target-dir", str(target)]
    environment = {name: value for name, value in os.environ.items() if name not in ("CARGO_TARGET_DIR", "RUSTFLAGS")}
    subprocess.run([*build, *keep], cwd=ROOT, env=environment, check=True)
    names = ["nm", "--print-size", "--demangle", str(target / "release/appfabric-connect")]
    symbols = subprocess.run(names, check=True, capture_output=True, text=True).stdout
    known = workspace_crates()
    sizes = Counter()
    for line in symbols.splitlines():
        match = re.match(r"[0-9a-f]+ ([0-9a-f]+) [tTwW] (.*)", line)
        if match:
            sizes[owner(match[2], known)] += int(match[1], 16)
    return sizes


def owner(symbol, known):
    """The crate that a function is of: for a method of a trait the type's, where that is somebody's."""
    if symbol.startswith(("ring_core_", "LIMBS_", "bn_", "p256_", "p384_", "x25519_", "aes_", "sha", "gcm_", "chacha", "ecp_", "openssl_")):
        return "ring"
    if "::" not in symbol:
        return "C and assembly (ring, libc)"
    for crate in re.findall(r"[a-z_][a-z0-9_]*(?=::)", symbol):
        if crate in known:
            return crate
    return "std"


def workspace_crates():
    metadata = ["cargo", "metadata", "--locked", "--format-version", "1"]
    packages = json.loads(subprocess.run(metadata, cwd=ROOT, check=True, capture_output=True).stdout)["packages"]
    return {package["name"].replace("-", "_") for package in packages}
