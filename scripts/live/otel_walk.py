"""docs/sources/otlp.md with a program that calls a model, not changed for it: over HTTP and over gRPC. Prompts by role,
model, tokens and tools of its calls.

    otel_walk.py genai | openinference

Each of the two packages calls itself `openai`, so each has an environment of its own.
"""

import pathlib
import sys

import model_api
from walk import TOKEN, walk

QUERY = 'filter event_class = LLM_REQUEST and actor_process_image_name = "{}" | sort asc _time'


def program(api):
    """What a user's program does; it knows nothing of telemetry."""
    from openai import NotFoundError, OpenAI

    client = OpenAI(base_url=api, api_key="sk-client-0123456789")
    asked = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": "first question"}]
    client.chat.completions.create(model="gpt-4o-mini", messages=asked, temperature=0.2, max_tokens=50)
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
    messages = [{"role": "user", "content": "weather in Oslo?"}]
    said = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[tool]).choices[0].message
    messages.append(said.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": said.tool_calls[0].id, "content": "sunny, 21 degrees"})
    client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[tool])
    stream = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "stream please"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    assert len(list(stream)) > 2
    client.embeddings.create(model="text-embedding-3-small", input=["some text"])
    try:
        client.chat.completions.create(model="fail-model", messages=[{"role": "user", "content": "will fail"}])
    except NotFoundError:
        return
    raise SystemExit("the model API did not refuse")


def run(at, name, api, **variables):
    """Runs the program as the page says."""
    python = pathlib.Path(sys.executable)
    at.run(
        [str(python.with_name("opentelemetry-instrument")), str(python), __file__, "program", api],
        OTEL_SERVICE_NAME=name,
        OTEL_EXPORTER_OTLP_HEADERS=f"authorization=Bearer {TOKEN}",
        **variables,
    )


def look(at, name, embedded):
    """The six calls of a program. What was embedded is known to OpenInference only."""
    plain, tools, result, stream, vectors, failed = at.rows(name, QUERY.format(name), 6)
    answered = {
        "llm_model": "gpt-4o-mini",
        "llm_response_model": "gpt-4o-mini-2024-07-18",
        "llm_input_tokens": lambda n: n > 0,
        "llm_output_tokens": lambda n: n > 0,
        "event_outcome": "success",
        "parse_status": "ok",
    }
    at.expect(
        plain, **answered, llm_operation="chat", llm_system_text="You are terse.", llm_user_text="first question",
        llm_output_text="Heard: first question", llm_temperature=0.2, llm_max_tokens=50, llm_finish_reason="stop",
    )
    at.expect(tools, **answered, llm_tool_names=["get_weather"], llm_tool_call_names=["get_weather"])
    at.expect(result, **answered, llm_tool_text="sunny, 21 degrees", llm_user_text="weather in Oslo?")
    at.expect(stream, **answered, llm_output_text=lambda text: "stream please" in text)
    at.expect(vectors, llm_model="text-embedding-3-small", llm_operation="embeddings", llm_user_text=embedded)
    at.expect(failed, llm_model="fail-model", event_outcome="failure", llm_user_text="will fail")


def main(package):
    # OpenInference captures by itself.
    capture = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"} if package == "genai" else {}
    embedded = None if package == "genai" else "some text"
    with walk(package, token=True) as at:
        api = model_api.start()
        ways = {"http/protobuf": at.url, "grpc": f"http://{at.grpc}"}
        for protocol, endpoint in ways.items():
            name = f"{package}-{protocol[:4]}"
            run(at, name, api, OTEL_EXPORTER_OTLP_PROTOCOL=protocol, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **capture)
            look(at, name, embedded)
            at.survives(QUERY.format(name), 6)
        at.nowhere("sk-client-0123456789")


if __name__ == "__main__":
    program(sys.argv[2]) if sys.argv[1] == "program" else main(sys.argv[1])
