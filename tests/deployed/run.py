"""The whole stack, made by `sam deploy` and called through its API, in LocalStack: no Docker, no AWS account.

From the top of the repository, with `sam` on the PATH, and a Python 3.13 that has tests/deployed/requirements.txt. `LONG=1 .ci/run`
leaves one in target/ci-localstack-venv.

    sam build --build-dir target/sam --parameter-overrides Architecture=x86_64
    cargo build --locked --package appfabric-emulator
    RIE=<samcli>/local/rapid/aws-lambda-rie-x86_64 target/ci-localstack-venv/bin/python tests/deployed/run.py target/sam

RIE is AWS's Runtime Interface Emulator, which is in the folder `samcli` of the SAM CLI's wheel. On arm64 write arm64 in place of
x86_64, twice. It takes a minute.

The script does what a user does: `sam deploy` with samconfig.toml as it is shipped, and a "y" to its one question. Then it
connects an app authorization as a person does, changes a setting, deploys again, and goes back. In the end it deploys the program
as a release: by the template beside its zip, and by the plain CloudFormation.

LocalStack does not do the following, so this test shows nothing about it:
- It does not keep gateway responses, the access log's setting and the security policy. It does not look at permissions.
- It does not know dashboards and saved queries. It notes that they are there, and does not look at what is in them.
- It does not update a nested stack, a log group and most of an API. It leaves them as they were.
- It drops the setting that `/flows` needs a signature, and checks none. So executor.py tells the function who signed.
- It cannot run functions without Docker, and has no AppConfig. executor.py does that for it.
"""

import http.client
import json
import os
import platform
import re
import secrets
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlencode, urlsplit
from zipfile import ZIP_DEFLATED, ZipFile

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from localstack.utils.net import get_free_tcp_port

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / ".ci"))

import rendering

PROCESSOR = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
STACK = "appfabric-connect"
ACCOUNT = "123456789012"
REGION = "us-east-1"
SIGNER = f"arn:aws:iam::{ACCOUNT}:user/onboarding"
# The first app authorization of events/scene.json. AppFabric connects it.
BUNDLE = "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
AUTHORIZATION = "10000000-0000-4000-8000-000000000001"

PLUGINS = """
[localstack.lambda.runtime_executor]
process = executor:ProcessPlugin
[localstack.aws.provider]
dynamodb:moto = executor:dynamodb
[localstack.cloudformation.resource_providers]
AWS::AppConfig::Application = executor:Application
AWS::AppConfig::ConfigurationProfile = executor:Profile
AWS::AppConfig::HostedConfigurationVersion = executor:Settings
"""


def check(truth, sentence):
    if not truth:
        raise SystemExit(f"wrong: {sentence}")


def start(stack, name, command, ready, folder, **variables):
    """Starts a program in a session of its own, waits until it has printed `ready`, and stops it at the end."""
    log = folder / f"{name}.log"
    with log.open("w") as file:
        environment = os.environ | variables
        process = subprocess.Popen(command, stdout=file, stderr=file, cwd=TOP, env=environment, start_new_session=True)

    def stop():
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)

    stack.callback(stop)
    for _ in range(600):
        if re.search(ready, log.read_text()):
            return log
        check(process.poll() is None, f"{name} ended at once")
        time.sleep(0.1)
    raise SystemExit(f"wrong: {name} does not start")


def start_localstack(stack, folder, port, appfabric):
    plugins = folder / "plugins" / "executor-1.dist-info"
    plugins.mkdir(parents=True)
    (plugins / "METADATA").write_text("Name: executor\nVersion: 1\n")
    (plugins / "entry_points.txt").write_text(PLUGINS)
    return start(
        stack, "localstack", [sys.executable, "-m", "localstack.runtime.main"], r"Ready\.", folder,
        PYTHONPATH=f"{plugins.parent}:{Path(__file__).parent}",
        GATEWAY_LISTEN=f"127.0.0.1:{port}",
        # The default server would listen everywhere in spite of that.
        GATEWAY_SERVER="hypercorn",
        # Without these two it would listen for DNS everywhere, and fetch a certificate.
        DNS_ADDRESS="0",
        SKIP_SSL_CERT_DOWNLOAD="1",
        DISABLE_EVENTS="1",
        FILESYSTEM_ROOT=str(folder / "localstack"),
        TMPDIR=str(folder),
        XDG_CACHE_HOME=str(folder),
        LAMBDA_RUNTIME_EXECUTOR="process",
        PROVIDER_OVERRIDE_DYNAMODB="moto",
        CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES="1",
        APPFABRIC=appfabric,
        SIGNER=SIGNER,
        FUNCTION_LOG=str(folder / "function.log"),
    )


def deploy(checkout, organisation):
    """`sam deploy`, with this organisation's name in samconfig.toml. Returns what SAM printed."""
    text = (TOP / "samconfig.toml").read_text()
    for name, value in (("Architecture", PROCESSOR), ("OrganisationName", organisation)):
        text, found = re.subn(rf'^# {name} = ".*"$', f'{name} = "{value}"', text, flags=re.M)
        check(found == 1, f"samconfig.toml has no comment that shows how to set {name}")
    (checkout / "samconfig.toml").write_text(text)
    return sam_deploy(checkout)


def sam_deploy(checkout, *options):
    # SAM gets this one "y". If it asked more than one question, it would get no answer and give up.
    sam = subprocess.run(["sam", "deploy", *options], cwd=checkout, input="y\n", capture_output=True, text=True, timeout=120)
    check(sam.returncode == 0, f"sam deploy failed:\n{sam.stdout}{sam.stderr}")
    questions = re.findall(r"^.*\[[yY]/[nN]\]:", sam.stdout, re.M)
    check(len(questions) == 1, f"sam deploy asked {questions}")
    return sam.stdout


class Api:
    """The deployed API, by its own name, through LocalStack's port."""

    def __init__(self, endpoint, port):
        self.url = urlsplit(endpoint)
        self.port = port
        self.origin = f"{self.url.scheme}://{self.url.netloc}"

    def call(self, method, url, body=None, headers=()):
        url = urlsplit(url)
        check(url.netloc == self.url.netloc, f"{url.netloc} is not the API")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        target = url.path + (f"?{url.query}" if url.query else "")
        connection.request(method, target, body, dict(headers) | {"Host": self.url.netloc})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        said = response.getheader("Location") or "".join(re.findall(r"<h1>(.*?)</h1>", text)) or text
        for line in (f"  {method} {target}", f"  -> {response.status} {said}"):
            print(re.sub(r"(?<=code=|tate=)[^&]+|(?<=connect/)\w+", "…", line))
        return response, text

    def begin(self, signed=True):
        endpoint = self.url.geturl()
        body = json.dumps({"appBundleIdentifier": BUNDLE, "appAuthorizationIdentifier": AUTHORIZATION})
        request = AWSRequest("POST", endpoint, data=body, headers={"Content-Type": "application/json"})
        if signed:
            SigV4Auth(boto3.Session().get_credentials(), "execute-api", REGION).add_auth(request)
        return self.call("POST", endpoint, body, request.headers.items())

    def link(self):
        response, body = self.begin()
        check(response.status == 201, f"POST /flows answered {response.status} {body}")
        return json.loads(body)["connectUrl"]

    def connect(self, organisation):
        """A person opens a new link, presses its button, consents, and comes back; the application is left out."""
        link = self.link()
        response, page = self.call("GET", link)
        check(response.status == 200, f"the connect page answered {response.status}")
        check(f"<bdi>{organisation}</bdi>" in page, f"the connect page does not name {organisation}:\n{page}")
        cookie = response.getheader("Set-Cookie").split(";")[0]
        form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        response, _ = self.call("POST", link, "", form | {"Origin": self.origin})
        check(response.status == 303, f"the button answered {response.status}")
        cookie = response.getheader("Set-Cookie", cookie).split(";")[0]
        query = parse_qs(urlsplit(response.getheader("Location")).query)
        code = {"code": secrets.token_urlsafe(), "state": query["state"][0]}
        callback = f"{query['redirect_uri'][0]}?{urlencode(code)}"
        response, _ = self.call("GET", callback, headers={"Cookie": cookie})
        location = response.getheader("Location", "")
        outcome = parse_qs(urlsplit(location).query).get("outcome")
        check((response.status, outcome) == (303, ["connected"]), f"the callback answered {response.status} {location}")
        response, page = self.call("GET", location)
        check("<h1>The application is connected</h1>" in page, f"the last page answered {response.status} {page}")


def resources(cloudformation, name):
    """The resources of a stack and of the stacks in it, as (state, type, name, physical name)."""
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name):
        for resource in page["StackResourceSummaries"]:
            kind, physical = resource["ResourceType"], resource.get("PhysicalResourceId", "")
            yield resource["ResourceStatus"], kind, resource["LogicalResourceId"], physical
            if kind == "AWS::CloudFormation::Stack":
                yield from resources(cloudformation, physical)


def outputs(cloudformation, name=STACK):
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def deploy_release(folder, program):
    """Deploys the program with the two files that a team without Rust downloads."""
    name = f"appfabric-connect-{PROCESSOR}"
    with ZipFile(folder / f"{name}.zip", "w", ZIP_DEFLATED) as zip:
        zip.write(program, "bootstrap")
    (folder / f"{name}.yaml").write_text(rendering.sam(f"{name}.zip"))
    own = ["--parameter-overrides", "OrganisationName='Third Example Ltd'"]
    asked = ["--resolve-s3", "--confirm-changeset", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    sam_deploy(folder, "--template-file", f"{name}.yaml", "--stack-name", "release", *asked, *own)
    return folder / f"{name}.zip"


def deploy_plain(cloudformation, archive):
    """Deploys the zip as CDK and Terraform do, by the plain CloudFormation of a release."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="releases")
    s3.upload_file(str(archive), "releases", archive.name)
    s3.put_object(Bucket="releases", Key="template", Body=rendering.cloudformation("0.1.0").encode())
    own = {"CodeBucket": "releases", "CodeKey": archive.name, "Architecture": PROCESSOR, "OrganisationName": "Fourth Example Ltd"}
    cloudformation.create_stack(
        StackName="plain",
        TemplateURL=f"{os.environ['AWS_ENDPOINT_URL']}/releases/template",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in own.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="plain", WaiterConfig={"Delay": 1})


def live_is(number, name, expected):
    """Checks which version `live` names, and that these are the published versions, with their descriptions."""
    client = boto3.client("lambda")
    versions = client.list_versions_by_function(FunctionName=name)["Versions"]
    found = {version["Version"]: version["Description"] for version in versions if version["Version"] != "$LATEST"}
    live = client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    check((live, found) == (number, expected), f"live is version {live} of {found}")
    print(f"  live is version {live} of {found}")


def run(stack, folder, build):
    began = time.monotonic()
    port = get_free_tcp_port()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        # LocalStack takes the account from it.
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_DEFAULT_REGION": REGION,
        # The user's own AWS files are not read.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
        "SAM_CLI_TELEMETRY": "0",
    }
    emulator = [str(TOP / "target/debug/appfabric-emulator"), "--scene", "events/scene.json"]
    log = start(stack, "appfabric", emulator, r"AppFabric is at \S+\n", folder)
    appfabric = re.search(r"AppFabric is at (\S+)", log.read_text())[1]
    start_localstack(stack, folder, port, appfabric)

    # A checkout after `sam build`.
    checkout = folder / "checkout"
    (checkout / ".aws-sam").mkdir(parents=True)
    (checkout / ".aws-sam/build").symlink_to(build.resolve())
    for name in ("template.yaml", "watching.yaml"):
        (checkout / name).symlink_to(TOP / name)
    print(deploy(checkout, "First Example Ltd"))
    deployed = time.monotonic() - began

    cloudformation = boto3.client("cloudformation")
    made = list(resources(cloudformation, STACK))
    for state, kind, name, physical in sorted(made, key=lambda resource: resource[1:]):
        print(f"{state} {kind} {name} {physical}")
    check(all(state == "CREATE_COMPLETE" for state, *_ in made), "not every resource is complete")
    noted = [kind for _, kind, _, physical in made if physical == "unknown"]
    out = outputs(cloudformation)
    for name, value in out.items():
        print(f"{name} = {value}")

    api = Api(out["FlowsEndpoint"], port)
    # LocalStack lets it through. The function itself answers 403, because the event has no IAM identity.
    print("without a signature")
    response, body = api.begin(signed=False)
    check(response.status == 403, f"an unsigned POST /flows answered {response.status} {body}")
    print("the first deployment")
    api.connect("First Example Ltd")
    live_is("1", out["FunctionName"], {"1": "Settings 1"})

    print("another OrganisationName")
    deploy(checkout, "Second Example Ltd")
    both = {"1": "Settings 1", "2": "Settings 2"}
    live_is("2", out["FunctionName"], both)
    number = outputs(cloudformation)["FunctionVersion"]
    check(number == "2", f"after the second deployment the output FunctionVersion is {number}")
    api.connect("Second Example Ltd")

    print("back to version 1")
    boto3.client("lambda").update_alias(FunctionName=out["FunctionName"], Name="live", FunctionVersion="1")
    api.connect("First Example Ltd")

    print("deployed again without a change")
    deploy(checkout, "Second Example Ltd")
    live_is("1", out["FunctionName"], both)

    print("a release, by the template beside its zip")
    archive = deploy_release(folder, build / "Function/bootstrap")
    Api(outputs(cloudformation, "release")["FlowsEndpoint"], port).connect("Third Example Ltd")
    print("a release, by its plain CloudFormation")
    deploy_plain(cloudformation, archive)
    Api(outputs(cloudformation, "plain")["FlowsEndpoint"], port).connect("Fourth Example Ltd")

    print(
        f"figures: {len(made)} resources ({len(noted)} noted only: {', '.join(sorted(set(noted)))}), {len(out)} outputs, "
        f"4 deployments with 1 question each, 2 versions, 2 forms of a release, 5 connections; LocalStack {version('localstack-core')}; "
        f"{deployed:.0f} s until deployed, {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    check(len(sys.argv) == 2 and Path(sys.argv[1], "template.yaml").is_file(), "give the folder that `sam build` made")
    check(Path(os.environ.get("RIE", "")).is_file(), "RIE has to name AWS's Runtime Interface Emulator")
    # When this script is stopped, it stops the programs that it started.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("wrong: it was stopped"))
    with ExitStack() as everything:
        folder = Path(everything.enter_context(TemporaryDirectory()))
        try:
            run(everything, folder, Path(sys.argv[1]))
        except BaseException:
            for log in folder.glob("*.log"):
                print(f"the end of {log.name}:", *log.read_text().splitlines()[-40:], sep="\n", file=sys.stderr)
            raise
