"""A server for the tests: keeps what it takes, and can be made to refuse."""

import http.server
import json
import threading


class Listener:
    """`refuse` is the status of every answer if there is one; a body with the bytes `poison` is refused for good."""

    def __init__(self):
        self.records, self.tokens = [], []
        self.refuse, self.poison = None, None
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.tokens.append(self.headers.get("authorization"))
                status = listener.status(body)
                if status == 200:
                    listener.records += [json.loads(line) for line in body.splitlines()]
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def status(self, body):
        if self.refuse:
            return self.refuse
        return 400 if self.poison and self.poison in body else 200

    def close(self):
        self.server.shutdown()
        self.server.server_close()
