"""Sends events to a server as its producers do, with their own libraries.

    send.py otlp-grpc ADDRESS MARK | otlp-http URL MARK | bulk URL MARK | hec ADDRESS MARK TOKEN

MARK is a word that every event carries. Ends with 0 once the client counts its events as delivered.
"""

import logging
import sys


def genai_span(exporter, mark):
    """A call of a model as the GenAI conventions describe it."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.trace import SpanKind

    results = []
    export = exporter.export

    def kept(spans):
        results.append(export(spans))
        return results[-1]

    exporter.export = kept
    provider = TracerProvider(resource=Resource.create({"service.name": "assistant"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("clients")
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 34,
        "gen_ai.conversation.id": mark,
    }
    with tracer.start_as_current_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=attributes):
        pass
    provider.shutdown()
    return len(results) == 1 and results[0].name == "SUCCESS"


def otlp_grpc(address, mark):
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import Compression, OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=address, insecure=True, compression=Compression.Gzip, timeout=20)
    return genai_span(exporter, mark)


def otlp_http(url, mark):
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces", compression=Compression.Gzip, timeout=20)
    return genai_span(exporter, mark)


def bulk(url, mark):
    from elasticsearch import Elasticsearch, helpers

    client = Elasticsearch(url)
    actions = (
        {"_op_type": "create", "_index": "client-logs", "@timestamp": "2026-11-21T10:00:00Z", "mark": mark, "n": n}
        for n in range(1000)
    )
    stored, errors = helpers.bulk(client, actions, chunk_size=250, raise_on_error=False)
    return (stored, errors) == (1000, [])


def hec(address, mark, token):
    from splunk_handler import SplunkHandler

    host, port = address.rsplit(":", 1)
    handler = SplunkHandler(
        host=host, port=port, token=token, index="main", protocol="http", verify=False, timeout=20, sourcetype="app"
    )
    logger = logging.getLogger("clients")
    logger.addHandler(handler)
    logger.warning("event of %s", mark)
    handler.force_flush()
    handler.shutdown()
    return True


COMMANDS = {"otlp-grpc": otlp_grpc, "otlp-http": otlp_http, "bulk": bulk, "hec": hec}

if __name__ == "__main__":
    sys.exit(0 if COMMANDS[sys.argv[1]](*sys.argv[2:]) else 1)
