"""Lambda's Runtime API for one process: the next event, please; here is its answer."""

import json
import queue
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Under valgrind a Python needs most of a minute before it asks for its first event.
PATIENCE = 300


class Unanswered(Exception):
    """The process has ended, has posted an error, or takes too long."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A connection ends with its process, at any time."""


class RuntimeApi:
    def __init__(self):
        self.events = queue.Queue()
        self.answers = queue.Queue()
        self.questions = queue.Queue()
        self.server = Server(("127.0.0.1", 0), type("Handler", (Handler,), {"api": self}))
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def asked(self):
        """When the process asked for an event, for which it waits now."""
        try:
            return self.questions.get(timeout=PATIENCE)
        except queue.Empty:
            raise Unanswered("it asks for no event") from None

    def invoke(self, event, process):
        self.events.put(event)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                kind, answer, at = self.answers.get(timeout=0.5)
            except queue.Empty:
                if process.poll() is not None:
                    raise Unanswered(f"it has ended ({process.returncode})") from None
                continue
            if kind != "response":
                raise Unanswered(f"it posted an error: {answer}")
            return answer, at
        raise Unanswered("it takes too long")

    def end(self):
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body in one piece.
    wbufsize = -1

    def do_GET(self):
        self.api.questions.put(time.monotonic())
        event = self.api.events.get()
        if event is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 25_000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:function",
            "Lambda-Runtime-Trace-Id": "Root=1-67a1b2c3-0123456789abcdef01234567;Sampled=0",
        }
        self.answer(200, headers, json.dumps(event).encode())

    def do_POST(self):
        at = time.monotonic()
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else self.chunks()
        self.answer(202, {}, b'{"status":"OK"}')
        self.api.answers.put((self.path.rsplit("/", 1)[1], json.loads(body or b"null"), at))

    def chunks(self):
        body = b""
        while length := int(self.rfile.readline(), 16):
            body += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass
