"""One instance of a function: a process with a Runtime API of its own, and what the system says of it."""

import json
import signal
import subprocess
import time
from pathlib import Path

from runtime_api import RuntimeApi

LAMBDA = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example",
    "AWS_SESSION_TOKEN": "example",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/function",
    "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
}


class Instance:
    """A process that answers events; it is ended at the end of the `with`."""

    def __init__(self, command, variables, printed=subprocess.DEVNULL):
        self.api = RuntimeApi()
        environment = {**LAMBDA, "AWS_LAMBDA_RUNTIME_API": self.api.address, **variables}
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def wait_for_init(self):
        """Seconds from the start to the question for the first event."""
        return self.api.asked() - self.started

    def invoke(self, event):
        """The answer, and the seconds that it took."""
        before = time.monotonic()
        answer, at = self.api.invoke(event, self.process)
        return answer, at - before

    def cpu(self):
        """Seconds of processor that all threads have used so far: the process's own clock, in nanoseconds."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def peak_kib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.api.end()


def callback(number, with_proof=False):
    """An authorization response with a code that no other has; with what proves whose browser brings it."""
    event = json.loads(EVENT)
    query = f"code=code-{time.time_ns()}-{number}"
    if with_proof:
        query += f"&state={'ab' * 32}{'cd' * 32}"
        event["cookies"] = [f"__Host-appfabric-connect-{'ab' * 8}-{'cd' * 4}={'ef' * 32}"]
    event["rawQueryString"] = query
    event["queryStringParameters"] = dict(part.split("=") for part in query.split("&"))
    return event


def check(answer, outcome="connected"):
    """Nothing that went wrong is measured; only the function says how it ended."""
    location = answer.get("headers", {}).get("location", "")
    if answer["statusCode"] != 303 or ("outcome=" in location and f"outcome={outcome}" not in location):
        raise ValueError(f"a callback ended otherwise: {answer['statusCode']} {location}")


EVENT = (Path(__file__).parents[3] / "events/http/connected.json").read_text()
