"""moto's DynamoDB on a free port of loopback, whose URL is the first line that it prints.

moto's own server answers each connection in a thread of its own, and its conditional writes are no unit: of two that
come together both may win, as none do in DynamoDB. So this one does one request at a time.
"""

import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

moto = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def one_at_a_time(environ, start_response):
    with turn:
        return list(moto(environ, start_response))


class Quiet(MotoRequestHandler):
    def log_request(self, *_):
        pass


server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True, request_handler=Quiet)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
