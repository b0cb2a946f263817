import http.server
import json
import threading

import pytest


class Listener:
    """A server that keeps what it takes, and can be made to refuse."""

    def __init__(self):
        self.records, self.tokens, self.refuse = [], [], False
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.tokens.append(self.headers.get("authorization"))
                if not listener.refuse:
                    listener.records += [json.loads(line) for line in body.splitlines()]
                self.send_response(503 if listener.refuse else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.server.shutdown()
