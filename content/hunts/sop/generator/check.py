"""The repaired hunts' conditions in plain Python, over the fields that the sources map.

It catches mistakes in the recordings without the binary. It is no second engine:
the hunts themselves are `repaired.xql`, and `make demo` and the content tests run those.
"""

import ipaddress
import json
import re
from collections import defaultdict
from datetime import datetime, timezone


def hour(when):
    return when.replace(minute=0, second=0, microsecond=0)


def instant(text):
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00")).replace(" ", "T"))


def map_litellm(d):
    body = {"model": d["model"], "messages": d["messages"], **d["model_parameters"]}
    scheme, rest = d["api_base"].split("://")
    return {"type": "NETWORK", "time": datetime.fromtimestamp(d["startTime"], timezone.utc),
            "host": rest.split("/")[0].split(":")[0], "protocol": scheme.upper(), "body": json.dumps(body, ensure_ascii=False),
            "user": d["metadata"]["user_api_key_user_id"], "local": d["requester_ip_address"], "method": "POST"}


def map_envoy(d):
    remote, port = d["upstream_host"].rsplit(":", 1)
    return {"type": "NETWORK", "time": instant(d["start_time"]), "host": d["authority"].split(":")[0], "remote": remote,
            "port": int(port), "local": d["downstream_remote_address"].rsplit(":", 1)[0], "user": d["downstream_peer_uri_san"],
            "method": d["method"], "uri": d["path"], "agent": d["user_agent"], "out": d["bytes_received"], "in": d["bytes_sent"],
            "protocol": "TCP"}


def map_sysmon(d):
    when = instant(d["UtcTime"]).replace(tzinfo=timezone.utc)
    return {"type": "PROCESS", "time": when, "image": d["Image"].rsplit("\\", 1)[1], "command": d["CommandLine"], "user": d["User"]}


def map_osquery(d):
    c = d["columns"]
    return {"type": "PROCESS", "time": datetime.fromtimestamp(d["unixTime"], timezone.utc), "image": c["name"],
            "command": c["cmdline"], "user": c["user_sid"], "cpu": (int(c["user_time"]) + int(c["system_time"])) / 1000}


def map_tetragon(d):
    kind = "process_kprobe" if "process_kprobe" in d else "process_exec"
    process = d[kind]["process"]
    user = process["uid"] if process["auid"] == 4294967295 else process["auid"]
    row = {"time": instant(d["time"]), "user": str(user)}
    if kind == "process_exec":
        return {**row, "type": "PROCESS", "image": process["binary"].rsplit("/", 1)[1],
                "command": process["binary"] + " " + process["arguments"]}
    path, mask = d[kind]["args"][0]["file_arg"]["path"], d[kind]["args"][1]["int_arg"]
    return {**row, "type": "FILE", "path": path, "op": "FILE_WRITE" if mask & 2 else "FILE_READ"}


def map_mcp(d):
    params = d["message"].get("params", {})
    row = {"type": "NETWORK" if d["transport"] == "http" else "AGENT", "user": None, "host": d.get("http", {}).get("host", ""),
           "time": datetime.fromtimestamp(d["ts_ns"] / 1e9, timezone.utc), "body": json.dumps(d["message"], sort_keys=True)}
    if d["message"].get("method") == "tools/call":
        row.update(tool=params["name"], arguments=json.dumps(params["arguments"], separators=(",", ":")))
    return row


def map_http(d):
    return {"type": "NETWORK", "time": datetime.fromtimestamp(d["ts_ns"] / 1e9, timezone.utc), "user": d["user"],
            "host": d["headers"]["host"].split(":")[0], "method": d["method"], "uri": d["path"], "local": d["client_ip"],
            "remote": d["server_ip"], "port": d["server_port"], "agent": d["headers"]["user-agent"], "out": d["bytes_out"],
            "in": d["bytes_in"], "protocol": "HTTP", "body": json.dumps(d["request_body"])}


MAPPINGS = {"litellm": map_litellm, "envoy": map_envoy, "sysmon": map_sysmon, "osquery": map_osquery,
            "tetragon": map_tetragon, "mcp_tap": map_mcp, "http_tap": map_http}


def rows_of(streams):
    """Mapped rows, read back from the text that is written, not from the objects in memory."""
    rows = []
    for stream in streams:
        rows += [MAPPINGS[stream.producer](json.loads(line)) for line in stream.text().splitlines()]
    return rows


def like(value, *patterns):
    """XQL `=` and `in` with `*` wildcards, any case."""
    for pattern in patterns:
        expression = ".*".join(re.escape(part) for part in pattern.split("*"))
        if re.fullmatch(expression, value or "", re.IGNORECASE | re.DOTALL):
            return True
    return False


def has(value, *expressions):
    return all(re.search(e, value or "", re.IGNORECASE) for e in expressions)


def groups(rows, *keys):
    found = defaultdict(list)
    for row in rows:
        found[tuple(row.get(k) for k in keys) + (hour(row["time"]),)].append(row)
    return found.values()


OPENAI = ("*.openai.com", "*.openai.azure.com")
PROVIDERS = OPENAI + ("*.anthropic.com", "*.googleapis.com", "bedrock-runtime.*.amazonaws.com")
PRIVATE = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
MODEL_FILE = r"(\.pkl|\.h5|\.pb|\.onnx|\.pt|\.pth|\.ckpt)$"


def net(rows):
    return [r for r in rows if r["type"] == "NETWORK"]


def wrote(rows, operation="FILE_WRITE"):
    return [r for r in rows if r["type"] == "FILE" and r["op"] == operation]


def ran(rows, images, *expressions):
    return [r for r in rows if r["type"] == "PROCESS" and like(r["image"], *images) and has(r["command"], *expressions)]


PY = ("python.exe", "python", "python3*")
PY_JUPYTER = PY + ("jupyter.exe", "jupyter")


def prompt_patterns(rows):
    return [r for r in net(rows) if like(r["host"], *PROVIDERS) and r.get("protocol") == "HTTPS"
            and "ignore previous" in r["body"].lower() and has(r["body"], "system:|#")]


def more_than(found, count, extra=lambda group: True):
    return [g for g in found if len(g) > count and extra(g)]


def total(key):
    return lambda group: sum(r.get(key) or 0 for r in group)


def to_openai(rows):
    return [r for r in net(rows) if like(r["host"], *OPENAI)]


def on_443(rows):
    return [r for r in to_openai(rows) if r.get("port") == 443]


def tool_code_writes(rows):
    return [r for r in rows if has(r.get("tool"), "write|edit|create|patch")
            and has(r["arguments"], r"tool[^, ]*\.py") and "def " in r["arguments"]
            and re.search(r"exec\(|eval\(|subprocess", r["arguments"])]


def duplicate_names(rows):
    loaded = [{**r, "file": r["path"].rsplit("/", 1)[1]} for r in rows if r["type"] == "FILE"
              and "/tools/" in r["path"] and like(r["path"], "*.py") and not r["path"].endswith("/__init__.py")]
    return [g for g in groups(loaded, "file") if len({r["path"] for r in g}) > 1]


def pipeline_deviation(rows):
    found = [(g[0]["user"], g) for g in groups(ran(rows, PY_JUPYTER + ("kubectl.exe", "kubectl")), "user", "image")]
    sizes = defaultdict(list)
    for user, group in found:
        sizes[user].append(len(group))
    return [g for user, g in found if len(g) - sum(sizes[user]) / len(sizes[user]) > 20]


def night(rows):
    late = [r for r in ran(rows, PY_JUPYTER, "train|fit|inference|predict") if r["time"].hour < 6 or r["time"].hour > 22]
    return more_than(groups(late, "user"), 5)


def followed(first, second):
    return [(a, b) for a in first for b in second
            if a["user"] == b["user"] and 0 <= (b["time"] - a["time"]).total_seconds() <= 3600]


def public_uploads(rows):
    big = [r for r in net(rows) if (r.get("out") or 0) > 52_428_800
           and not any(ipaddress.ip_address(r["remote"]) in n for n in PRIVATE)]
    return [g for g in groups(big, "local", "user") if total("out")(g) > 104_857_600]


def registry_posts(rows):
    hosts = ("*.mlflow.org", "*.wandb.ai", "*.neptune.ai", "mlflow.*", "*.mlflow.*")
    return [r for r in net(rows) if like(r["host"], *hosts) and r["method"] == "POST" and has(r.get("uri"), "register|upload|create")]


def model_uploads(rows):
    hosts = ("*.s3.amazonaws.com", "*.blob.core.windows.net", "*.storage.googleapis.com", "*.s3.*.amazonaws.com",
             "s3.*.amazonaws.com", "storage.googleapis.com")
    return [r for r in net(rows) if like(r["host"], *hosts) and r["method"] == "PUT"
            and has(r["uri"], "model|checkpoint|weights") and r["out"] > 10_485_760]


def service_calls(rows):
    hosts = ("*.sagemaker.*", "*.vertexai.*", "*.azureml.*", "*-aiplatform.googleapis.com", "*.inference.ml.azure.com")
    return [r for r in net(rows) if like(r["host"], *hosts)]


def mcp_clients(rows):
    return [r for r in net(rows) if r.get("port") in (8000, 8080, 3000, 5000) and r["protocol"] == "TCP"
            and has(r["agent"], "mcp|model.*context")]


TRAINING = (r"train|fit|epoch", r"tensorflow|pytorch|keras|sklearn")

CONDITIONS = {
    "2.1-1": prompt_patterns,
    "2.1-2": lambda rows: more_than(groups(ran(rows, PY, "base64|b64|encode", "openai|anthropic|claude|gpt"), "user", "image"), 3),
    "2.1-3": lambda rows: more_than(groups(on_443(rows), "local", "user"), 100, lambda g: total("out")(g) > 10_485_760),
    "2.2-1": lambda rows: [r for r in wrote(rows) if like(r["path"], "*/tools/*", "*/functions/*") and like(r["path"], "*.py")
                           and "/venv/" not in r["path"] and "/node_modules/" not in r["path"]],
    "2.2-2": tool_code_writes,
    "2.2-3": lambda rows: ran(rows, PY, "mcp|model.*context.*protocol", "register.*tool|add.*function", "tool.*poison|malicious"),
    "2.3-1": lambda rows: more_than(
        groups(ran(rows, PY + ("node.exe", "bash.exe", "node", "bash"), "tool.*call|function.*invoke"), "image", "user"), 50,
        lambda g: len({r["command"] for r in g}) > 20),
    "2.3-2": lambda rows: more_than(groups([r for r in to_openai(rows) if has(r["body"], "tool_choice|function_call")],
                                           "local", "user"), 30),
    "2.3-3": lambda rows: ran(rows, PY, "tool.*name|function.*name", "spoof|impersonate|mimic", r"os\.|subprocess\.|eval\(|exec\("),
    "2.4-1": duplicate_names,
    "2.4-2": lambda rows: [r for r in wrote(rows) if like(r["path"], "*.py")
                           and has(r["path"], "tool[_-]?[0-9]|tool[_-]?copy|tool[_-]?backup")],
    "2.4-3": lambda rows: [r for r in wrote(rows) if like(r["path"], "*/__init__.py") and "/tools/" in r["path"]],
    "2.5-1": lambda rows: more_than(groups(mcp_clients(rows), "remote", "local"), 10),
    "2.5-2": lambda rows: [r for r in net(rows) if has(r["body"], "mcp.*context|context.*update",
                                                       r"<script|javascript:|eval\(|exec\(", "system|shell|command")],
    "2.5-3": lambda rows: more_than(groups(ran(rows, PY, "mcp.*register|register.*tool", "@tool|@function"), "user"), 5),
    "2.6-1": lambda rows: more_than(
        groups([r for r in wrote(rows) if like(r["path"], "*/data/*", "*/datasets/*", "*/training/*")
                and has(r["path"], r"(\.csv|\.json|\.parquet|\.tfrecord)$")], "user", "path"), 10),
    "2.6-2": lambda rows: more_than(groups(ran(rows, PY_JUPYTER, "pandas|numpy|tensorflow|pytorch", "append|concat|merge|insert",
                                               r"\.csv|\.json|dataset"), "user"), 20),
    "2.6-3": lambda rows: more_than(groups(ran(rows, PY + ("python3.exe",), *TRAINING), "user", "image"), 5,
                                    lambda g: total("cpu")(g) > 3600),
    "2.7-1": lambda rows: more_than(groups([r for r in wrote(rows) if has(r["path"], MODEL_FILE)
                                            and like(r["path"], "*/models/*", "*/checkpoints/*")], "user", "path"), 3),
    "2.7-2": model_uploads,
    "2.7-3": lambda rows: more_than(groups(registry_posts(rows), "user"), 5),
    "2.8-1": lambda rows: [r for r in to_openai(rows) if has(r["body"], "adversarial|perturb|noise|epsilon",
                                                             "fgsm|pgd|carlini|deepfool")],
    "2.8-2": lambda rows: more_than(groups(on_443(rows), "local", "user"), 100, lambda g: total("out")(g) / len(g) > 10_240),
    "2.8-3": lambda rows: ran(rows, PY, r"adversarial|foolbox|cleverhans|\bart\b", "attack|perturb|adversary"),
    "2.9-1": public_uploads,
    "2.9-2": lambda rows: more_than(groups([r for r in wrote(rows, "FILE_READ") if has(r["path"], MODEL_FILE)],
                                           "user", "path"), 5),
    "2.9-3": lambda rows: ran(rows, PY, "export|save|dump|serialize", r"\.pkl|\.h5|\.pb|\.onnx|\.pt", "model|weights|checkpoint"),
    "2.10-1": lambda rows: more_than(groups(ran(rows, ("kubectl.exe", "kubectl"), "exec|run|create|apply", "pod|deployment|job"),
                                            "user"), 10),
    "2.10-2": lambda rows: ran(rows, ("docker.exe", "docker"), "run|exec|build|push", "--privileged|--cap-add|--security-opt"),
    "2.10-3": lambda rows: more_than(groups(service_calls(rows), "local", "user"), 1000, lambda g: total("out")(g) > 104_857_600),
    "3.1-1": pipeline_deviation,
    "3.1-2": night,
    "3.2-1": lambda rows: followed([r for r in to_openai(rows) if has(r.get("body"), "tool|function|execute")],
                                   ran(rows, PY, "exec|eval|subprocess")),
    "3.2-2": lambda rows: followed([r for r in wrote(rows) if "/data/" in r["path"]],
                                   [r for r in net(rows) if like(r["host"], "*.mlflow.*", "mlflow.*") and r["method"] == "POST"]),
    "4.2-1": lambda rows: [r for r in to_openai(rows) if "ignore previous" in r["body"].lower()],
}


def findings(hunt, streams):
    """How many findings the hunt's condition gives over the streams."""
    return len(CONDITIONS[hunt](rows_of(streams)))


def cross(hunts, streams):
    """Other hunts that also fire on the streams; those that need columns absent here are skipped."""
    rows, fired = rows_of(streams), {}
    for hunt in hunts:
        try:
            count = len(CONDITIONS[hunt](rows))
        except (KeyError, TypeError):
            continue
        if count:
            fired[hunt] = count
    return fired
