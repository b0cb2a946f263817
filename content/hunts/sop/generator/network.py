"""Hunts over connections and requests: 2.1-3, 2.5-1, 2.7-2, 2.7-3, 2.8-2, 2.9-1, 2.10-3."""

from .formats import Envoy, spiffe
from .recording import Recording, at

FORMAT = "Envoy JSON access log of the mesh's egress proxy"
OPENAI = ("api.openai.com", "203.0.113.21:443")
KB, MB = 1024, 1024 * 1024

SUPPORT, NOTEBOOK, EVAL = spiffe("apps", "support-agent"), spiffe("ml", "notebook"), spiffe("ml", "nightly-eval")
TRAINER, SCORER = spiffe("ml", "trainer"), spiffe("serving", "fraud-scorer")


def calls(proxy, start, end, count, caller, ip, target, method, path, sent, received, **rest):
    """`count` requests in the time span; sizes vary by an eighth around the given ones."""
    rng = proxy.stream.rng
    for when in proxy.stream.spread(start, end, count):
        proxy.request(when, caller, ip, *target, method, path, int(sent * rng.uniform(0.875, 1.125)),
                      int(received * rng.uniform(0.875, 1.125)), **rest)


def everyday(proxy, start, end):
    """What leaves the mesh anyway: some chat traffic, package downloads, metrics."""
    calls(proxy, start, end, 24, SUPPORT, "10.4.2.11", OPENAI, "POST", "/v1/chat/completions", 2 * KB, 3 * KB,
          agent="OpenAI/Python 3.54.0")
    calls(proxy, start, end, 8, NOTEBOOK, "10.4.2.30", ("pypi.example", "203.0.113.80:443"), "GET", "/simple/numpy/", 300,
          40 * KB, agent="pip/25.3")
    calls(proxy, start, end, 8, TRAINER, "10.4.2.40", ("metrics.example", "203.0.113.90:443"), "POST", "/api/v1/push", 6 * KB,
          120, agent="prometheus/3.1")


def rapid_api_calls():
    r = Recording(
        "2.1-3", "Rapid API calls", FORMAT,
        "A stolen notebook identity drains a document store through the model API: 168 requests of about 96 KB each within 50 "
        "minutes, 16 MB in all.",
        "An evaluation run sends 95 large requests (160 KB) an hour for four hours, and the support agent about 240 small "
        "ones (3 KB) in an hour.",
        "caller's SPIFFE id and address, `upstream_host` port 443, `bytes_received`, counted and summed per hour",
        "more than three times the calls and the bytes of the attack, but no identity passes 100 calls and 10 MB in one hour",
    )
    attack, benign = r.both("envoy")
    proxy = Envoy(attack)
    everyday(proxy, "09:00", "12:00")
    calls(proxy, "10:04", "10:54", 168, NOTEBOOK, "10.4.2.30", OPENAI, "POST", "/v1/chat/completions", 96 * KB, 2 * KB)
    proxy = Envoy(benign)
    everyday(proxy, "09:00", "12:00")
    for hour in range(9, 13):
        calls(proxy, f"{hour}:02", f"{hour}:57", 95, EVAL, "10.4.2.55", OPENAI, "POST", "/v1/chat/completions", 160 * KB, KB,
              agent="prompt-regression/0.9")
    calls(proxy, "10:03", "10:56", 230, SUPPORT, "10.4.2.11", OPENAI, "POST", "/v1/chat/completions", 3 * KB, 4 * KB,
          agent="OpenAI/Python 3.54.0")
    return r


def unauthorized_mcp_connections():
    r = Recording(
        "2.5-1", "Unauthorised MCP connections", "Envoy JSON access log of the sidecar before an MCP server (inbound)",
        "A compromised build pod finds the finance team's MCP server on port 8000 and works through its tools: one discovery, "
        "then 27 calls in eight minutes with the user agent of an MCP client library.",
        "The finance agent itself makes ten calls an hour; a load balancer's probes come 240 times to the same port without an "
        "MCP user agent; and the build pod uses the company's MCP gateway on 443 with the same client.",
        "`upstream_host` port, `user_agent`, client and server address, counted per hour",
        "the same client, the same port and far more requests occur, never all three beyond ten an hour",
        note="The text as written asks for protocol TCP while Envoy names the application protocol; the repair accepts both. Few real MCP clients name MCP in the user agent (the Python SDK says `python-httpx2`); the "
             "attacker's `mcp-cli` does.",
    )
    attack, benign = r.both("envoy")
    build, agent, probe = spiffe("ci", "builder"), spiffe("finance", "agent"), spiffe("ops", "prober")
    server = ("mcp.finance.svc.cluster.local:8000", "10.4.7.20:8000")
    owner = spiffe("finance", "mcp-server")
    version = "2026-07-28"
    proxy = Envoy(attack, "inbound", "10.4.7.20", owner)
    finance_work(proxy, server, agent, ["09", "10", "11"])
    scan_tools = ["list_accounts", "get_balance", "export_ledger", "search_payments"]
    for n, when in enumerate(attack.spread("10:20", "10:28", 28)):
        mcp = ("server/discover", None, version) if n == 0 else ("tools/call", scan_tools[n % 4], version)
        proxy.request(when, build, "10.4.9.3", *server, "POST", "/mcp", 280 + n, 900 + 350 * (n % 5), agent="mcp-cli/0.8.1", mcp=mcp)
    proxy = Envoy(benign, "inbound", "10.4.7.20", owner)
    finance_work(proxy, server, agent, ["09", "10", "11"])
    calls(proxy, "09:00", "11:00", 240, probe, "10.4.1.2", server, "GET", "/healthz", 0, 15, agent="kube-probe/1.33")
    gateway = Envoy(benign, "egress")
    for n, when in enumerate(benign.spread("10:20", "10:28", 28)):
        gateway.request(when, build, "10.4.9.3", "mcp-gateway.corp.example", "192.0.2.44:443", "POST", "/mcp", 280, 900,
                        agent="mcp-cli/0.8.1", mcp=("tools/call", "run_tests", version))
    return r


def finance_work(proxy, server, agent, hours):
    for hour in hours:
        for n, when in enumerate(proxy.stream.spread(f"{hour}:05", f"{hour}:55", 10)):
            proxy.request(when, agent, "10.4.7.9", *server, "POST", "/mcp", 260 + n, 700, agent="finance-agent-mcp/2.0",
                          mcp=("tools/call", "get_balance", "2026-07-28"))


def unauthorized_model_uploads():
    r = Recording(
        "2.7-2", "Unauthorised model uploads", FORMAT,
        "A training pod sends a patched model to a bucket outside the company: one PUT of 48 MB to "
        "`model-mirror.example.s3.amazonaws.com`, and the tokenizer with it.",
        "Nightly data sets of 60 MB go to the company's own bucket, model cards and configs of a few KB go to the model prefix, "
        "and the registry's uploader sends a 480 MB model there in parts of 8 MB, the default of the AWS client.",
        "`authority`, `method`, `path`, `bytes_received`",
        "larger uploads to the same service, and model uploads to it, but no single request that is a model and above 10 MB",
        note="The last part of the twin also shows how the attack avoids this hunt: multipart uploads. A sum over the upload id "
             "would see it.",
    )
    attack, benign = r.both("envoy")
    s3 = "203.0.113.150:443"
    proxy = Envoy(attack)
    everyday(proxy, "13:00", "16:00")
    foreign = ("model-mirror.example.s3.amazonaws.com", s3)
    proxy.request(at("14:37:20.2"), TRAINER, "10.4.2.40", *foreign, "PUT", "/in/fraud-model-v42.safetensors", 48 * MB + 4711, 0,
                  agent="aws-cli/2.22.4", duration=41_200)
    proxy.request(at("14:38:15.9"), TRAINER, "10.4.2.40", *foreign, "PUT", "/in/tokenizer.json", 2 * MB, 0,
                  agent="aws-cli/2.22.4", duration=1900)
    own = ("ml-artifacts.corp.example.s3.amazonaws.com", s3)
    proxy.request(at("13:05:00"), TRAINER, "10.4.2.40", *own, "PUT", "/datasets/fraud/2026-11-19.parquet", 60 * MB, 0,
                  agent="aws-cli/2.22.4", duration=30_000)
    proxy = Envoy(benign)
    everyday(proxy, "13:00", "16:00")
    for n, when in enumerate(benign.spread("13:05", "13:40", 6)):
        proxy.request(when, TRAINER, "10.4.2.40", *own, "PUT", f"/datasets/fraud/2026-11-19/part-{n}.parquet", 60 * MB + n, 0,
                      agent="aws-cli/2.22.4", duration=30_000)
    for n, name in enumerate(["config.json", "README.md", "tokenizer.json"]):
        proxy.request(at("14:30", 5 * n), TRAINER, "10.4.2.40", *own, "PUT", f"/models/fraud/v42/{name}", 9 * KB * (n + 1), 0,
                      agent="aws-cli/2.22.4")
    upload = "upload-id-2f9c"
    for part, when in enumerate(benign.spread("14:31", "14:52", 60), 1):
        proxy.request(when, TRAINER, "10.4.2.40", *own, "PUT",
                      f"/models/fraud/v42/model.safetensors?partNumber={part}&uploadId={upload}", 8 * MB, 0,
                      agent="aws-cli/2.22.4", duration=9000)
    return r


def registry_anomalies():
    r = Recording(
        "2.7-3", "Model registry anomalies", FORMAT,
        "From a notebook pod somebody registers a model under a confusable name in the shared MLflow server at "
        "`tracking.mlflow.org`, creates eight versions of it and moves an alias, all within ten minutes.",
        "Two training runs log 200 metrics and parameters to the same server and create five versions, one at a time.",
        "`authority`, `method`, `path`; caller's SPIFFE id, counted per hour",
        "200 POST requests to the registry; `create`, `register` and `upload` occur in them, five an hour",
        note="Real registries are self-hosted under a name of the company; the host is one that the hunt names.",
    )
    attack, benign = r.both("envoy")
    server = ("tracking.mlflow.org", "203.0.113.61:443")
    api = "/api/2.0/mlflow"
    agent = "mlflow-python-client/3.17.0"
    proxy = Envoy(attack)
    everyday(proxy, "16:00", "18:00")
    calls(proxy, "16:00", "18:00", 40, TRAINER, "10.4.2.40", server, "POST", api + "/runs/log-metric", 240, 2, agent=agent)
    proxy.request(at("16:48:01"), NOTEBOOK, "10.4.2.30", *server, "POST", api + "/registered-models/create", 310, 420, agent=agent)
    for when in attack.spread("16:49", "16:58", 8):
        proxy.request(when, NOTEBOOK, "10.4.2.30", *server, "POST", api + "/model-versions/create", 520, 610, agent=agent)
    proxy.request(at("16:58:40"), NOTEBOOK, "10.4.2.30", *server, "POST", api + "/registered-models/alias", 200, 2, agent=agent)
    proxy = Envoy(benign)
    everyday(proxy, "16:00", "18:00")
    calls(proxy, "16:00", "18:00", 120, TRAINER, "10.4.2.40", server, "POST", api + "/runs/log-metric", 240, 2, agent=agent)
    calls(proxy, "16:00", "18:00", 80, NOTEBOOK, "10.4.2.30", server, "POST", api + "/runs/log-batch", 900, 2, agent=agent)
    calls(proxy, "16:05", "16:55", 5, TRAINER, "10.4.2.40", server, "POST", api + "/model-versions/create", 520, 610, agent=agent)
    calls(proxy, "17:05", "17:55", 4, NOTEBOOK, "10.4.2.30", server, "POST", api + "/runs/create", 330, 450, agent=agent)
    calls(proxy, "16:00", "18:00", 30, SCORER, "10.4.6.12", server, "GET", api + "/registered-models/get?name=fraud", 0, 900, agent=agent)
    return r


def rapid_inference():
    r = Recording(
        "2.8-2", "Rapid inference requests", FORMAT,
        "A black-box evasion run against a vision model behind the API: 220 requests in 40 minutes, each with a base64 image "
        "of about 30 KB that differs from the one before by a few pixels.",
        "The support agent sends 400 small requests (3 KB) in an hour, and a catalogue job sends 90 product images of 32 KB in "
        "one hour and 88 in the next.",
        "caller, address, `upstream_host` port, `bytes_received`, counted and averaged per hour",
        "more requests than the attack by one identity, larger ones by another, but no identity has both",
    )
    attack, benign = r.both("envoy")
    proxy = Envoy(attack)
    everyday(proxy, "17:00", "19:00")
    calls(proxy, "17:08", "17:48", 220, NOTEBOOK, "10.4.2.30", OPENAI, "POST", "/v1/chat/completions", 30 * KB, 700)
    proxy = Envoy(benign)
    everyday(proxy, "17:00", "19:00")
    calls(proxy, "17:02", "17:58", 400, SUPPORT, "10.4.2.11", OPENAI, "POST", "/v1/chat/completions", 3 * KB, 4 * KB,
          agent="OpenAI/Python 3.54.0")
    catalogue = spiffe("apps", "catalogue")
    calls(proxy, "17:05", "17:55", 90, catalogue, "10.4.2.14", OPENAI, "POST", "/v1/chat/completions", 32 * KB, KB)
    calls(proxy, "18:05", "18:55", 88, catalogue, "10.4.2.14", OPENAI, "POST", "/v1/chat/completions", 32 * KB, KB)
    return r


def large_transfers():
    r = Recording(
        "2.9-1", "Large model file downloads", FORMAT,
        "From a notebook pod somebody uploads the fraud model, packed in four archives of 88 MB, to a file drop at a public "
        "address within 30 minutes.",
        "The trainer pushes models of 300 MB to the company's store in 172.20.0.0/16, image layers of 40 MB go to a public "
        "registry 30 times in an hour, and one benchmark archive of 96 MB goes to a partner.",
        "`bytes_received`, `upstream_host`; caller and client address, summed per hour",
        "twelve times the bytes of the attack, but to a private range (of which the text as written knows only 172.16.x), or to "
        "public addresses in requests below 50 MB, or below 100 MB in the hour",
        note="The text as written sums what comes in and so finds whoever downloads a model; its repair sums what goes out.",
    )
    attack, benign = r.both("envoy")
    proxy = Envoy(attack)
    everyday(proxy, "18:00", "19:30")
    for n, when in enumerate(attack.spread("18:05", "18:35", 4)):
        proxy.request(when, NOTEBOOK, "10.4.2.30", "drop.collector.example", "198.51.100.24:443", "PUT", f"/u/7f3a/{n}.bin",
                      88 * MB + 1000 * n, 40, agent="curl/8.11.0", duration=52_000)
    proxy = Envoy(benign)
    everyday(proxy, "18:00", "19:30")
    for n, when in enumerate(benign.spread("18:05", "18:50", 10)):
        proxy.request(when, TRAINER, "10.4.2.40", "models.corp.example", "172.20.8.15:443", "PUT", f"/fraud/v42/part-{n}", 300 * MB,
                      60, duration=18_000)
    calls(proxy, "18:00", "19:00", 30, TRAINER, "10.4.2.40", ("registry.example", "203.0.113.99:443"), "PATCH",
          "/v2/ml/scorer/blobs/uploads/5a5a", 40 * MB, 100, agent="containerd/2.0.1")
    proxy.request(at("18:20:00"), NOTEBOOK, "10.4.2.30", "files.partner.example", "198.51.100.60:443", "PUT", "/benchmarks.tar",
                  96 * MB, 40, agent="curl/8.11.0", duration=52_000)
    return r


def ml_service_abuse():
    r = Recording(
        "2.10-3", "ML service API abuse", FORMAT,
        "A leaked role is used to run other people's batches on the company's SageMaker endpoint: 1,150 invocations of about "
        "110 KB in 55 minutes from a pod that never called it.",
        "The scoring service makes 1,300 invocations of 20 KB in the same hour; a batch job makes 700 of 300 KB in that hour "
        "and 700 in the next.",
        "`authority`, caller and address, `bytes_received`, counted and summed per hour",
        "more calls than the attack by one service, twice the bytes by another, neither with both",
    )
    attack, benign = r.both("envoy")
    runtime = ("runtime.sagemaker.eu-central-1.amazonaws.com", "203.0.113.130:443")
    path = "/endpoints/fraud-scorer/invocations"
    agent = "Boto3/1.35.60 md/Botocore#1.35.60"
    proxy = Envoy(attack)
    everyday(proxy, "13:00", "15:00")
    calls(proxy, "13:00", "15:00", 60, SCORER, "10.4.6.12", runtime, "POST", path, 4 * KB, 300, agent=agent)
    calls(proxy, "13:02", "13:57", 1150, NOTEBOOK, "10.4.2.30", runtime, "POST", path, 110 * KB, 2 * KB, agent=agent)
    proxy = Envoy(benign)
    everyday(proxy, "13:00", "15:00")
    calls(proxy, "13:01", "13:59", 1300, SCORER, "10.4.6.12", runtime, "POST", path, 20 * KB, 300, agent=agent)
    batch = spiffe("ml", "batch-scoring")
    for hour in (13, 14):
        calls(proxy, f"{hour}:01", f"{hour}:59", 700, batch, "10.4.2.60", runtime, "POST", path, 300 * KB, 3 * KB, agent=agent)
    return r


HUNTS = [rapid_api_calls, unauthorized_mcp_connections, unauthorized_model_uploads, registry_anomalies, rapid_inference,
         large_transfers, ml_service_abuse]
