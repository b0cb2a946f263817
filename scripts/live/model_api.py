"""A model API on loopback for the walks: OpenAI's chat completions (also streamed) and embeddings.

It answers like the real one in form; its text says what it was asked, and where a request offers tools it calls the
first. Started as a program it prints its port.
"""

import http.server
import json
import threading
import time

MODEL = "gpt-4o-mini-2024-07-18"


def usage(prompt, answer):
    """Words stand for tokens; what counts is that the figures arrive."""
    inputs, outputs = len(prompt.split()), len(answer.split())
    details = {"prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 2}}
    return {"prompt_tokens": inputs, "completion_tokens": outputs, "total_tokens": inputs + outputs, **details}


def content(message):
    """The text of a message, which may be a string or a list of parts."""
    found = message.get("content") or ""
    return found if isinstance(found, str) else " ".join(part.get("text", "") for part in found)


def answer_to(request):
    """The message and why it ended."""
    last = request["messages"][-1]
    if request.get("tools") and last["role"] == "user":
        function = request["tools"][0]["function"]
        call = {"id": "call_1", "type": "function", "function": {"name": function["name"], "arguments": '{"city": "Oslo"}'}}
        return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    return {"role": "assistant", "content": f"Heard: {content(last)}"}, "stop"


def completion(request):
    message, reason = answer_to(request)
    prompt = " ".join(content(each) for each in request["messages"])
    said = message["content"] or json.dumps(message["tool_calls"])
    return {
        "id": f"chatcmpl-{time.time_ns()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": usage(prompt, said),
        "system_fingerprint": "fp_walk",
        "service_tier": "default",
    }


def chunks(request):
    """The events of a streamed answer: each word, the end, and the figures if they were asked for."""
    whole = completion(request)
    head = {"id": whole["id"], "object": "chat.completion.chunk", "created": whole["created"], "model": MODEL}

    def chunk(delta, reason=None):
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    choice = whole["choices"][0]
    yield chunk({"role": "assistant", "content": ""})
    for word in (choice["message"]["content"] or "").split(" "):
        yield chunk({"content": word + " "})
    for position, call in enumerate(choice["message"].get("tool_calls", [])):
        yield chunk({"tool_calls": [{"index": position, **call}]})
    yield chunk({}, choice["finish_reason"])
    if (request.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": whole["usage"]}


def embeddings(request):
    inputs = request["input"] if isinstance(request["input"], list) else [request["input"]]
    data = [{"object": "embedding", "index": at, "embedding": [0.25, -0.5, 1.0]} for at in range(len(inputs))]
    tokens = sum(len(str(text).split()) for text in inputs)
    figures = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": request["model"], "usage": figures}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Silent: the walk says what matters."""

    def send(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-request-id", "req_walk")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        if self.path.endswith("/chat/completions"):
            if "fail" in request["model"]:
                error = {"message": "no such model", "type": "invalid_request_error", "code": "model_not_found"}
                return self.send(404, json.dumps({"error": error}).encode())
            if request.get("stream"):
                events = "".join(f"data: {json.dumps(each)}\n\n" for each in chunks(request)) + "data: [DONE]\n\n"
                return self.send(200, events.encode(), "text/event-stream")
            return self.send(200, json.dumps(completion(request)).encode())
        if self.path.endswith("/embeddings"):
            return self.send(200, json.dumps(embeddings(request)).encode())
        return self.send(404, b'{"error": {"message": "no such path"}}')


def start():
    """Serves on a free port in a thread; the address up to `/v1`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/v1"


if __name__ == "__main__":
    print(start(), flush=True)
    threading.Event().wait()
