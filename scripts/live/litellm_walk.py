"""docs/sources/litellm_proxy.md with a real proxy: prompts by role, model, tokens and tools of its calls, failures too."""

import json
import pathlib
import sys
import time
import urllib.error
import urllib.request

import model_api
from walk import TOKEN, answers, free_port, wait_for, walk

CONFIG = """
model_list:
  - model_name: assistant
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "{api}", api_key: sk-upstream-0123456789}}
  - model_name: broken
    litellm_params: {{model: openai/fail-model, api_base: "{api}", api_key: sk-upstream-0123456789}}
  - model_name: embedder
    litellm_params: {{model: openai/text-embedding-3-small, api_base: "{api}", api_key: sk-upstream-0123456789}}
litellm_settings:
  callbacks: ["generic_api"]
"""
QUERY = 'filter source_name = "litellm_proxy" and event_class = LLM_REQUEST | sort asc _time'
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}


def call(proxy, path, **body):
    """A call as a client of the proxy makes it; the status."""
    request = urllib.request.Request(f"{proxy}{path}", data=json.dumps(body).encode(), method="POST")
    request.add_header("content-type", "application/json")
    request.add_header("authorization", "Bearer sk-master-0123456789")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def calls():
    """The status and body of each call, in the order of their rows."""
    chat = "/v1/chat/completions"
    asked = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": "first question"}]
    yield 200, chat, {"model": "assistant", "messages": asked, "temperature": 0.2, "max_tokens": 50, "user": "u-17"}
    yield 200, chat, {"model": "assistant", "messages": [{"role": "user", "content": "weather in Oslo?"}], "tools": [TOOL]}
    streamed = {"messages": [{"role": "user", "content": "stream please"}], "stream": True}
    yield 200, chat, {"model": "assistant", **streamed, "stream_options": {"include_usage": True}}
    yield 200, "/v1/embeddings", {"model": "embedder", "input": ["some text"]}
    yield 404, chat, {"model": "broken", "messages": [{"role": "user", "content": "will fail"}]}


def make(at, proxy):
    """Makes one call after the other has arrived: LiteLLM drops what it logs while it sends. What does not arrive within
    twenty seconds, four of its intervals, is called again, twice at most."""
    for done, (status, path, body) in enumerate(calls()):
        for _ in range(3):
            found = call(proxy, path, **body)
            if found != status:
                sys.exit(f"litellm: {path} answered {found}, expected {status}")
            end = time.monotonic() + 20
            while len(at.query(QUERY)) <= done and time.monotonic() < end:
                time.sleep(0.5)
            if len(at.query(QUERY)) > done:
                break


def main():
    port = free_port()
    proxy = f"http://127.0.0.1:{port}"
    with walk("litellm", token=True) as at:
        (at.folder / "config.yaml").write_text(CONFIG.format(api=model_api.start()))
        program = pathlib.Path(sys.executable).with_name("litellm")
        log = at.start(
            [str(program), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
            GENERIC_LOGGER_ENDPOINT=f"{at.url}/api/v1/ingest/litellm_proxy",
            GENERIC_LOGGER_HEADERS=f"Authorization=Bearer {TOKEN}",
            LITELLM_MASTER_KEY="sk-master-0123456789",
            # Its list of prices comes from the network otherwise.
            LITELLM_LOCAL_MODEL_COST_MAP="True",
        )
        wait_for(f"the proxy ({log})", lambda: answers(f"{proxy}/health/liveliness"), 180)
        make(at, proxy)
        plain, tools, stream, vectors, failed = at.rows("the calls", QUERY, 5)
        tokens = {"llm_input_tokens": lambda n: n > 0, "llm_output_tokens": lambda n: n > 0}
        answered = {"llm_model": "assistant", "llm_response_model": "gpt-4o-mini", "event_outcome": "success", **tokens}
        at.expect(
            plain, **answered, llm_system_text="You are terse.", llm_user_text="first question",
            llm_output_text="Heard: first question", llm_operation="chat", llm_provider="openai", llm_temperature=0.2,
            llm_max_tokens=50, llm_end_user="u-17", llm_finish_reason="stop", llm_cached_tokens=3, parse_status="ok",
        )
        at.expect(tools, **answered, llm_tool_names=["get_weather"], llm_tool_call_names=["get_weather"])
        at.expect(stream, **answered, llm_stream=True, llm_output_text=lambda text: "stream please" in text)
        at.expect(vectors, llm_model="embedder", llm_operation="embeddings", llm_user_text="some text")
        at.expect(failed, llm_model="broken", event_outcome="failure", http_status=404, llm_user_text="will fail")
        at.survives(QUERY, 5)
        at.nowhere("sk-master-0123456789")
        at.nowhere("sk-upstream-0123456789")


if __name__ == "__main__":
    main()
