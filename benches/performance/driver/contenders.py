"""Who is measured: each with what it takes to build it, its command, and what its environment has to say."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
RIVALS = ROOT / "benches/rivals"
TARGET = ROOT / "target/bench"

FAR_SIDE = json.loads(os.environ["FAR_SIDE"])

SYSTEM_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass
class Contender:
    name: str
    command: list[str]
    # How its TLS is told whom to trust.
    trust: dict[str, str] = field(default_factory=dict)
    # AWS calls of one callback, without a table and with one.
    calls: tuple[int, int] = (2, 5)
    # What its first calls go to.
    service: str = "appfabric"
    program: Path | None = None

    def variables(self, table, round_trip=0):
        """Its environment, with services so many milliseconds away, there and back."""
        urls = FAR_SIDE["urls"][str(round_trip)]
        variables = {"AWS_ENDPOINT_URL_DYNAMODB": urls["stand_in"], **self.trust}
        if self.service == "appfabric":
            variables["AWS_ENDPOINT_URL_APPFABRIC"] = urls["appfabric"]
        else:
            variables["AWS_ENDPOINT_URL_ACCOUNT"] = urls["stand_in"]
        if table:
            variables["FLOW_TABLE"] = "flows"
        return variables


def function():
    cargo("build", "--release", "--locked", "--bin", "appfabric-connect", cwd=ROOT)
    program = ROOT / "target/release/appfabric-connect"
    trust = {"AWS_CA_BUNDLE": bundle("five", amazon_but_one())}
    return Contender("function", [str(program)], trust, program=program)


def floor():
    return rival("floor", {}, (0, 0))


def naive():
    """It trusts the system's roots, as it would without being told."""
    return rival("naive", {"SSL_CERT_FILE": bundle("system", SYSTEM_ROOTS.read_text())})


def boto3():
    python = sys.executable
    if subprocess.run([python, "-c", "import boto3"], stderr=subprocess.DEVNULL).returncode:
        python = virtual_environment()
    where = [python, "-c", "import botocore; print(botocore.__path__[0])"]
    roots = Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()) / "cacert.pem"
    trust = {"AWS_CA_BUNDLE": bundle("botocore", roots.read_text()), "PYTHONDONTWRITEBYTECODE": "1"}
    return Contender("boto3", [python, str(RIVALS / "boto3/main.py")], trust)


def node():
    npm = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(RIVALS)]
    subprocess.run(npm, check=True)
    bundled = TARGET / "node.mjs"
    esbuild = [str(RIVALS / "node_modules/.bin/esbuild"), str(RIVALS / "node/main.mjs"), "--log-level=warning"]
    # Some of its packages ask for modules in the old way.
    require = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
    options = ["--bundle", "--minify", "--platform=node", "--target=node20", "--format=esm", f"--banner:js={require}"]
    subprocess.run([*esbuild, *options, f"--outfile={bundled}"], check=True)
    return Contender("Node", ["node", str(bundled)], {"NODE_EXTRA_CA_CERTS": FAR_SIDE["root"]}, service="account")


def rival(name, trust, calls=(2, 5)):
    cargo("build", "--release", "--locked", "--package", name, cwd=RIVALS)
    program = RIVALS / "target/release" / name
    return Contender(name, [str(program)], trust, calls, program=program)


def cargo(*arguments, cwd):
    subprocess.run(["cargo", *arguments], cwd=cwd, env=environment(), check=True)


def environment():
    """For Cargo: without what would build something else, or elsewhere."""
    return {name: value for name, value in os.environ.items() if name not in ("CARGO_TARGET_DIR", "RUSTFLAGS")}


def virtual_environment():
    folder = TARGET / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(folder / "bin/pip"), "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*install, "--requirement", str(RIVALS / "boto3/requirements.txt")], check=True)
    return str(folder / "bin/python")


def amazon_but_one():
    """As many roots as the function has by itself, with the far side's."""
    roots = (ROOT / "src/aws/amazon_roots.pem").read_text().split("-----END CERTIFICATE-----\n")[:4]
    return "".join(root + "-----END CERTIFICATE-----\n" for root in roots)


def bundle(name, roots):
    """These roots and the far side's, as a file."""
    path = TARGET / f"{name}.pem"
    path.write_text(roots + Path(FAR_SIDE["root"]).read_text())
    return str(path)
