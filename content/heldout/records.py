"""Writers of the sources' record formats, after content/sources/*/samples. Standard library only."""

import base64
import hashlib
import json
import random
import uuid
from datetime import datetime, timedelta, timezone

# A Monday. All times of the scenarios are days and hours after it.
START = datetime(2026, 11, 2, tzinfo=timezone.utc)

PEOPLE = ["jonas.weber", "priya.nair", "mateo.silva", "aiko.tanaka", "lena.fischer", "omar.haddad", "zoe.martin", "ivan.petrov", "grace.okafor"]
PROJECTS = ["churn", "pricing", "speech-asr", "defect-vision", "search-rank", "claims-nlp"]
OUTSIDE = ["198.51.100.23", "203.0.113.140", "192.0.2.201", "198.51.100.187", "203.0.113.61", "192.0.2.88"]
ORG = "northlake"


def at(day, hour, minute=0, second=0, ms=0):
    return START + timedelta(days=day, hours=hour, minutes=minute, seconds=second, milliseconds=ms)


def iso(t, digits=3):
    text = t.strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{t.microsecond:06d}"[: digits + 1] if digits else "") + "Z"


class Variant:
    """One folder of records: seeded, sorted by time within a file, the same on each run."""

    def __init__(self, family, kind, number):
        self.family, self.kind, self.number = family, kind, number
        self.attack = kind == "attack"
        self.rng = random.Random(f"atalanta held-out {family} {kind} {number}")
        self.slot = number - 1 + (0 if self.attack else 3)
        self.person = PEOPLE[(self.slot + len(family)) % len(PEOPLE)]
        self.other = PEOPLE[(self.slot + len(family) + 4) % len(PEOPLE)]
        self.project = PROJECTS[(self.slot * 5 + len(family)) % len(PROJECTS)]
        self.outside = OUTSIDE[(self.slot + len(family)) % len(OUTSIDE)]
        self.inside = f"10.{40 + self.slot}.{self.rng.randrange(1, 250)}.{self.rng.randrange(2, 250)}"
        self.records, self.started = {}, {}

    def add(self, name, t, record):
        line = record if isinstance(record, str) else json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        self.records.setdefault(name, []).append((t, len(self.records.get(name, [])), line))

    def hex(self, n):
        return "".join(self.rng.choice("0123456789abcdef") for _ in range(n))

    def uuid(self):
        return str(uuid.UUID(self.hex(32), version=4))

    def digest(self, text=None):
        return hashlib.sha256((text or self.hex(16)).encode()).hexdigest()

    def pick(self, *values):
        return values[(self.number - 1) % len(values)]

    def files(self):
        return {name: "".join(line + "\n" for _, _, line in sorted(lines, key=lambda x: x[:2])) for name, lines in self.records.items()}


# --- clouds ---------------------------------------------------------------------------------------

ACCOUNT = "418822307716"


def aws_role(v, role, session):
    return {"type": "AssumedRole", "principalId": f"AROA{role.upper()[:6]}Q7X2KD:{session}", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}", "accountId": ACCOUNT,
            "accessKeyId": "ASIA" + v.digest(role + session)[:16].upper(),
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": f"AROA{role.upper()[:6]}Q7X2KD", "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "accountId": ACCOUNT, "userName": role}, "attributes": {"mfaAuthenticated": "false"}}}


def aws_user(v, name):
    return {"type": "IAMUser", "principalId": "AIDA" + v.digest(name)[:16].upper(), "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", "accountId": ACCOUNT, "accessKeyId": "AKIA" + v.digest(name)[16:32].upper(), "userName": name}


def cloudtrail(v, t, service, name, identity, ip, agent, params, region="eu-north-1", response=None, read=True, data=False, extra=None, error=None):
    record = {"eventVersion": "1.11", "userIdentity": identity, "eventTime": iso(t, 0), "eventSource": f"{service}.amazonaws.com", "eventName": name, "awsRegion": region,
              "sourceIPAddress": ip, "userAgent": agent, "requestParameters": params, "responseElements": response, "requestID": v.uuid(), "eventID": v.uuid(), "readOnly": read,
              "eventType": "AwsApiCall", "managementEvent": not data, "recipientAccountId": ACCOUNT, "eventCategory": "Data" if data else "Management"}
    if extra:
        record.update(extra)
    if error:
        record["errorCode"], record["errorMessage"] = error
    v.add("cloudtrail.json", t, {"Records": [record]})


def s3_object(v, t, name, identity, ip, agent, bucket, key, size, region="eu-north-1", params=None):
    down = name in ("GetObject",)
    cloudtrail(v, t, "s3", name, identity, ip, agent, {"bucketName": bucket, "key": key, "Host": f"{bucket}.s3.{region}.amazonaws.com", **(params or {})}, region, read=down, data=True,
               extra={"additionalEventData": {"SignatureVersion": "SigV4", "bytesTransferredIn": 0 if down else size, "bytesTransferredOut": size if down else 0},
                      "resources": [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"}, {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}]})


def s3_log(v, t, ip, requester, operation, bucket, key, method, query, status, sent, total, agent, auth):
    v.add("s3_access.log", t, f"{v.digest('owner')} {bucket} [{t.strftime('%d/%b/%Y:%H:%M:%S')} +0000] {ip} {requester} {v.hex(16).upper()} {operation} {key} "
          f'"{method} /{key}{query} HTTP/1.1" {status} - {sent} {total} {v.rng.randrange(40, 9000)} {v.rng.randrange(10, 60)} "-" "{agent}" - '
          f"{base64.b64encode(bytes.fromhex(v.hex(64))).decode()} SigV4 ECDHE-RSA-AES128-GCM-SHA256 {auth} {bucket}.s3.eu-north-1.amazonaws.com TLSv1.3 - -")


def gcp(v, t, service, method, resource, who, ip, agent, kind="activity", request=None, status=None, rtype="gcs_bucket", labels=None):
    payload = {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": service, "methodName": method, "resourceName": resource, "authenticationInfo": {"principalEmail": who},
               "requestMetadata": {"callerIp": ip, "callerSuppliedUserAgent": agent}}
    if request:
        payload["request"] = request
    if status:
        payload["status"] = status
    v.add("gcp_audit.jsonl", t, {"logName": f"projects/{ORG}-ml/logs/cloudaudit.googleapis.com%2F{kind}", "resource": {"type": rtype, "labels": {"project_id": f"{ORG}-ml", **(labels or {})}},
                                 "timestamp": iso(t), "receiveTimestamp": iso(t + timedelta(milliseconds=700)), "severity": "NOTICE" if kind == "activity" else "INFO", "insertId": v.hex(12), "protoPayload": payload})


# --- clusters, hosts ------------------------------------------------------------------------------

def k8s(v, t, verb, resource, ns, name, user, groups, ip, agent, sub=None, api="v1", group=None, body=None, code=200, uri=None, level="Request"):
    base = f"/apis/{group}/{api}" if group else f"/api/{api}"
    ref = {"resource": resource, "namespace": ns, "name": name, "apiVersion": api}
    if group:
        ref["apiGroup"] = group
    if sub:
        ref["subresource"] = sub
    record = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": level if body else "Metadata", "auditID": v.uuid(), "stage": "ResponseComplete",
              "requestURI": uri or f"{base}/namespaces/{ns}/{resource}/{name}" + (f"/{sub}" if sub else ""), "verb": verb, "user": {"username": user, "groups": groups + ["system:authenticated"]},
              "sourceIPs": [ip], "userAgent": agent, "objectRef": ref, "responseStatus": {"metadata": {}, "code": code}, "requestReceivedTimestamp": iso(t, 6), "stageTimestamp": iso(t + timedelta(milliseconds=21), 6),
              "annotations": {"authorization.k8s.io/decision": "allow" if code < 400 else "forbid", "authorization.k8s.io/reason": ""}}
    if body:
        record["requestObject"] = body
    v.add("k8s_audit.jsonl", t, record)


def _process(v, node, pid, binary, arguments, cwd, uid, t, pod, container, image):
    # A process keeps the id and the start of its execution in all its events.
    t = v.started.setdefault((node, pid, binary, pod), t)
    p = {"exec_id": base64.b64encode(f"{node}:{int(t.timestamp() * 1000)}:{pid}".encode()).decode(), "pid": pid, "uid": uid, "cwd": cwd, "binary": binary, "arguments": arguments, "flags": "execve clone", "start_time": iso(t), "auid": 4294967295 if pod else uid}
    if pod:
        p["pod"] = {"namespace": "ml", "name": pod, "container": {"id": "containerd://" + v.digest(pod + container), "name": container, "image": {"id": image + "@sha256:" + v.digest(image), "name": image}}}
    return p


def tetragon_exec(v, t, node, pid, binary, arguments, parent, cwd="/srv", uid=1000, pod=None, container="main", image=f"registry.{ORG}.example/train:5.2"):
    p = _process(v, node, pid, binary, arguments, cwd, uid, t, pod, container, image)
    up = _process(v, node, parent[0], parent[1], parent[2], cwd, uid, at(0, 0), None, container, image)
    p["parent_exec_id"] = up["exec_id"]
    v.add("tetragon.jsonl", t, {"process_exec": {"process": p, "parent": up}, "node_name": node, "time": iso(t)})


def tetragon_connect(v, t, node, pid, binary, arguments, source, destination, port, cwd="/srv", uid=1000, pod=None, container="main", image=f"registry.{ORG}.example/train:5.2"):
    p = _process(v, node, pid, binary, arguments, cwd, uid, t, pod, container, image)
    v.add("tetragon.jsonl", t, {"process_connect": {"process": p, "source_ip": source, "source_port": v.rng.randrange(32000, 60000), "destination_ip": destination, "destination_port": port, "protocol": "TCP"}, "node_name": node, "time": iso(t)})


def tetragon_file(v, t, node, pid, binary, arguments, path, write, parent, uid=1000, pod=None, container="main", image=f"registry.{ORG}.example/train:5.2"):
    p = _process(v, node, pid, binary, arguments, "/srv", uid, t, pod, container, image)
    v.add("tetragon.jsonl", t, {"process_kprobe": {"process": p, "parent": {"pid": parent[0], "binary": parent[1], "arguments": parent[2]}, "function_name": "security_file_permission",
                                                    "args": [{"file_arg": {"path": path, "permission": "-rw-r--r--"}}, {"int_arg": 2 if write else 4}], "return": {"int_arg": 0}, "action": "KPROBE_ACTION_POST", "policy_name": "ml-file-monitoring"}, "node_name": node, "time": iso(t)})


def hubble(v, t, pod, workload, source, destination, port=443, names=None, dns=None, to=None, verdict="FORWARDED", l7=None, ns="ml"):
    flow = {"time": iso(t), "uuid": v.uuid(), "verdict": verdict, "IP": {"source": source, "destination": destination, "ipVersion": "IPv4"},
            "l4": {"UDP": {"source_port": v.rng.randrange(32000, 60000), "destination_port": 53}} if dns else {"TCP": {"source_port": v.rng.randrange(32000, 60000), "destination_port": port}},
            "source": {"identity": 24710, "namespace": ns, "labels": [f"k8s:app={workload}"], "pod_name": pod, "workloads": [{"name": workload, "kind": "Deployment"}]},
            "destination": to or {"identity": 2, "labels": ["reserved:world"]}, "Type": "L7" if dns or l7 else "L3_L4", "node_name": "gpu-4", "traffic_direction": "EGRESS"}
    if names:
        flow["destination_names"] = names
    if dns:
        flow["destination"] = {"identity": 31000, "namespace": "kube-system", "labels": ["k8s:k8s-app=kube-dns"], "pod_name": "coredns-6b7f-xk2"}
        flow["l7"] = {"type": "REQUEST", "dns": {"query": dns[0] + ".", "qtypes": [dns[1]]}}
    if l7:
        flow["l7"] = l7
    v.add("hubble.jsonl", t, {"flow": flow, "node_name": "gpu-4", "time": iso(t)})


def sidecar(v, t, name, source, destination, path, agent, sent, received, method="POST", code=200, host=None, ns="ml", mcp=None, duration=None):
    """Outbound hop of one sidecar: bytes_received are those of the request, bytes_sent those of the answer."""
    v.add("sidecar.jsonl", t, {"sidecar": name, "sidecar_namespace": ns, "sidecar_node": "gpu-2", "agent_id": None, "agent_session": None, "mcp_session_id": None, "authority": host or f"{destination}.ml.svc:8080",
                               "bytes_received": received, "bytes_sent": sent, "downstream_local_address": "127.0.0.1:15001", "downstream_local_uri_san": f"spiffe://cluster.local/ns/{ns}/sa/{source}", "downstream_remote_address": f"{v.inside}:{v.rng.randrange(32000, 60000)}",
                               "duration": duration or v.rng.randrange(4, 90), "mcp_method": mcp, "method": method, "path": path, "protocol": "HTTP/1.1", "request_id": v.uuid(), "response_code": code, "response_code_details": "via_upstream", "response_flags": "-",
                               "route_name": "default", "start_time": iso(t), "traceparent": None, "upstream_cluster": f"outbound|8080||{destination}.ml.svc.cluster.local", "upstream_host": f"10.96.4.{int(v.digest(destination)[:2], 16)}:8080",
                               "upstream_peer_uri_san": f"spiffe://cluster.local/ns/ml/sa/{destination}", "user_agent": agent})


def linux_exec(v, t, node, pid, ppid, exe, argv, uid=1000, cwd="/srv/ml", key="ml-exec"):
    serial = v.rng.randrange(2000, 90000)
    stamp = f"node={node} type={{}} msg=audit({t.timestamp():.3f}:{serial}):"
    lines = [stamp.format("SYSCALL") + f' arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55d1 a2=55d2 a3=8 items=1 ppid={ppid} pid={pid} auid={uid} uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} fsgid={uid} tty=(none) ses=12 comm="{exe.rsplit("/", 1)[-1][:15]}" exe="{exe}" subj=unconfined key="{key}"',
             stamp.format("EXECVE") + f" argc={len(argv)} " + " ".join(f"a{i}=" + (f'"{a}"' if a.isprintable() and not set(a) & set(' "') else a.encode().hex().upper()) for i, a in enumerate(argv)),
             stamp.format("CWD") + f' cwd="{cwd}"']
    for line in lines:
        v.add("linux_audit.log", t, line)


def linux_open(v, t, node, pid, ppid, exe, path, uid=1000, created=True, cwd="/srv/ml", key="ml-write"):
    serial = v.rng.randrange(2000, 90000)
    stamp = f"node={node} type={{}} msg=audit({t.timestamp():.3f}:{serial}):"
    v.add("linux_audit.log", t, stamp.format("SYSCALL") + f' arch=c000003e syscall=257 success=yes exit=5 a0=ffffff9c a1=7f21 a2=241 a3=1b6 items=2 ppid={ppid} pid={pid} auid={uid} uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} fsgid={uid} tty=(none) ses=12 comm="{exe.rsplit("/", 1)[-1][:15]}" exe="{exe}" subj=unconfined key="{key}"')
    v.add("linux_audit.log", t, stamp.format("CWD") + f' cwd="{cwd}"')
    v.add("linux_audit.log", t, stamp.format("PATH") + f' item=1 name="{path}" inode={v.rng.randrange(100000, 999999)} dev=fd:00 mode=0100644 ouid={uid} ogid={uid} rdev=00:00 nametype={"CREATE" if created else "NORMAL"} cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0')


# --- agents, models -------------------------------------------------------------------------------

class Mcp:
    """A connection between a client and an MCP server, as a tap writes it (protocol 2025-11-25)."""

    def __init__(self, v, t, label, command, name, version, client=("claude-code", "2.1.197"), caps=None, http=None):
        self.v, self.t, self.label, self.command, self.http, self.id, self.seq = v, t, label, command, http, 0, 0
        self.pid = v.rng.randrange(2000, 60000)
        self.connection = f"{label}-{self.pid}-{int(t.timestamp() * 1000)}"
        self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": caps or {"roots": {}}, "clientInfo": {"name": client[0], "version": client[1]}},
                 {"protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": True}}, "serverInfo": {"name": name, "version": version}})
        self.put("client_to_server", {"jsonrpc": "2.0", "method": "notifications/initialized"})

    def put(self, direction, message, wait=0.05):
        self.t += timedelta(seconds=wait)
        self.seq += 1
        record = {"ts_ns": int(self.t.timestamp() * 1000) * 1_000_000, "seq": self.seq, "connection_id": self.connection, "transport": "http" if self.http else "stdio", "direction": direction,
                  "client_pid": None if self.http else self.pid - 9, "server_pid": None if self.http else self.pid, "server_label": self.label, "server_cmdline": [] if self.http else self.command, "message": message}
        if self.http:
            record["http"] = {"host": self.http, "path": "/mcp", "headers": {"content-type": "application/json", "mcp-protocol-version": "2025-11-25"}, "client_ip": self.v.inside} if direction == "client_to_server" else {"host": self.http, "path": "/mcp", "status": 200}
        self.v.add("mcp_tap.jsonl", self.t, record)

    def ask(self, method, params, result, wait=1.0):
        self.id += 1
        self.put("client_to_server", {"jsonrpc": "2.0", "id": self.id, "method": method, **({"params": params} if params is not None else {})}, wait)
        self.put("server_to_client", {"jsonrpc": "2.0", "id": self.id, "result": result}, 0.3)

    def tools(self, tools):
        self.ask("tools/list", None, {"tools": tools}, 0.1)

    def call(self, name, arguments, text, error=False, wait=20.0):
        self.ask("tools/call", {"name": name, "arguments": arguments}, {"content": [{"type": "text", "text": text}], "isError": error}, wait)

    def server_asks(self, method, params, result, wait=2.0):
        self.id += 1
        self.put("server_to_client", {"jsonrpc": "2.0", "id": f"s{self.id}", "method": method, "params": params}, wait)
        self.put("client_to_server", {"jsonrpc": "2.0", "id": f"s{self.id}", "result": result}, 1.5)


def tool(name, description, properties, required=(), **more):
    return {"name": name, "description": description, "inputSchema": {"type": "object", "properties": properties, "required": list(required)}, **more}


def litellm(v, t, key, team, messages, answer, ip, agent="OpenAI/Python 2.8.1", model="gpt-4o-mini", tokens=None, params=None, status="success", end_user=None, calls=None, guard=None, error=None):
    used = tokens or (sum(len(str(m["content"])) for m in messages) // 4 + 8, len(answer or "") // 4 + 4)
    message = {"content": answer, "role": "assistant"}
    if calls:
        message["tool_calls"] = [{"id": f"call_{v.hex(8)}", "type": "function", "function": {"name": n, "arguments": json.dumps(a)}} for n, a in calls]
    start = t.timestamp()
    v.add("litellm_proxy.jsonl", t, {"id": f"chatcmpl-{v.hex(20)}", "litellm_call_id": v.uuid(), "trace_id": v.uuid(), "session_id": "", "call_type": "acompletion", "stream": False, "status": status,
                                      "status_fields": {"llm_api_status": status, "guardrail_status": guard or "not_run"}, "custom_llm_provider": "openai", "startTime": start, "endTime": start + 1.4, "completionStartTime": start + 1.4, "response_time": 1.4,
                                      "model": f"openai/{model}", "model_group": model, "model_id": v.digest(model), "api_base": "https://api.openai.com/v1", "response_cost": round(used[0] * 1.5e-7 + used[1] * 6e-7, 8),
                                      "metadata": {"user_api_key_hash": v.digest(key), "user_api_key_alias": key, "user_api_key_team_id": team, "user_api_key_team_alias": team, "user_api_key_user_id": key, "user_api_key_end_user_id": end_user, "user_api_key_request_route": "/v1/chat/completions", "requester_ip_address": ip, "user_agent": agent},
                                      "total_tokens": used[0] + used[1], "prompt_tokens": used[0], "completion_tokens": used[1], "end_user": end_user, "requester_ip_address": ip, "user_agent": agent, "request_tags": [], "messages": messages,
                                      "response": {"id": f"chatcmpl-{v.hex(8)}", "object": "chat.completion", "model": model, "choices": [{"finish_reason": "tool_calls" if calls else "stop", "index": 0, "message": message}]} if status == "success" else None,
                                      "model_parameters": params or {"temperature": 0.2}, "error_str": error, "error_information": {"error_code": "400" if error else "", "error_class": "BadRequestError" if error else "", "error_message": error or ""}})


def agent_event(v, t, event, agent, session, **more):
    v.add("agent_event.jsonl", t, {"time": iso(t), "source": "ironclad", "event": event, "event_id": f"e-{v.hex(8)}", "ai_agent_uid": agent, "ai_agent_instance_uid": session, **more})


def transcript(v, t, session, cwd, calls=None, results=None, text=None, user=None):
    """A line of a Claude Code session: the user's words, the model's tool calls, or their results."""
    base = {"parentUuid": v.uuid(), "isSidechain": False, "userType": "external", "cwd": cwd, "sessionId": session, "version": "2.1.197", "gitBranch": "main", "uuid": v.uuid(), "timestamp": iso(t)}
    if calls is not None:
        content = ([{"type": "text", "text": text}] if text else []) + [{"type": "tool_use", "id": i, "name": n, "input": a} for i, n, a in calls]
        record = {**base, "type": "assistant", "requestId": f"req_{v.hex(12)}", "message": {"id": f"msg_{v.hex(10)}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": content, "stop_reason": "tool_use" if calls else "end_turn", "usage": {"input_tokens": 14, "output_tokens": 120}}}
    elif results is not None:
        record = {**base, "type": "user", "message": {"role": "user", "content": [{"tool_use_id": i, "type": "tool_result", "content": x, "is_error": False} for i, x in results]}, "toolUseResult": {"stdout": results[0][1], "stderr": "", "interrupted": False}}
    else:
        record = {**base, "type": "user", "permissionMode": "default", "message": {"role": "user", "content": user}}
    v.add("claude_transcript.jsonl", t, record)


def vertex(v, t, endpoint, payloads, answers):
    v.add("vertex_requests.jsonl", t, {"endpoint": f"projects/{ORG}-ml/locations/europe-north1/endpoints/{endpoint}", "deployed_model_id": "3301", "logging_time": t.strftime("%Y-%m-%d %H:%M:%S.%f") + " UTC", "request_id": str(v.rng.randrange(10**9, 10**10)),
                                        "request_payload": [json.dumps(p) for p in payloads], "response_payload": [json.dumps(a) for a in answers]})


# --- pipelines, registries, repositories ----------------------------------------------------------

def airflow(v, t, dag, event, owner, task=None, run=None, extra=None, logical=None):
    v.add("airflow.jsonl", t, {"event_log_id": v.rng.randrange(10**5, 10**6), "when": iso(t, 6), "dag_id": dag, "task_id": task, "run_id": run, "map_index": None, "try_number": None, "event": event,
                               "logical_date": iso(logical, 0) if logical else None, "owner": owner, "extra": json.dumps(extra) if extra else None, "dag_display_name": dag})


def delta(v, t, table, version, operation, user, engine, metrics, parameters, added=None, removed=None, stats=None):
    """One commit file of a Delta table; the file's name is its version."""
    ms = int(t.timestamp() * 1000)
    name = f"{table}/_delta_log/{version:020d}.json"
    info = {"timestamp": ms, "userName": user, "operation": operation, "operationParameters": parameters, "readVersion": max(version - 1, 0), "engineInfo": engine, "operationMetrics": metrics}
    v.add(name, t, {"commitInfo": {k: x for k, x in info.items() if x is not None}})
    if version == 0:
        v.add(name, t, {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})
        v.add(name, t, {"metaData": {"id": v.uuid(), "format": {"provider": "parquet", "options": {}}, "schemaString": json.dumps({"type": "struct", "fields": [{"name": n, "type": k, "nullable": True, "metadata": {}} for n, k in (("id", "long"), ("text", "string"), ("label", "long"))]}), "partitionColumns": [], "createdTime": ms, "configuration": {}}})
    for part in removed or []:
        v.add(name, t, {"remove": {"path": part, "dataChange": True, "deletionTimestamp": ms, "size": 402311}})
    for part in added or []:
        v.add(name, t, {"add": {"path": part, "partitionValues": {}, "size": v.rng.randrange(300000, 500000), "modificationTime": ms, "dataChange": True, "stats": json.dumps({"numRecords": stats or 5000, "minValues": {"label": 0}, "maxValues": {"label": 1}, "nullCount": {"label": 0}})}})


def mlflow(v, t, entity, action, data):
    v.add("mlflow.jsonl", t, {"entity": entity, "action": action, "timestamp": t.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"), "data": data})


def oci(v, t, action, repository, digest, tag, actor, addr, agent, size=1204):
    v.add("oci_registry.jsonl", t, {"events": [{"id": v.uuid(), "timestamp": iso(t, 6), "action": action, "target": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": size, "digest": f"sha256:{digest}", "length": size, "repository": repository, "url": f"http://registry.{ORG}.example/v2/{repository}/manifests/sha256:{digest}", "tag": tag},
                                                "request": {"id": v.uuid(), "addr": f"{addr}:{v.rng.randrange(32000, 60000)}", "host": f"registry.{ORG}.example", "method": "PUT" if action == "push" else "GET", "useragent": agent}, "actor": {"name": actor}, "source": {"addr": "registry-1:5000", "instanceID": "b0c1"}}]})


def github(v, t, action, actor, ip, repo, **more):
    v.add("github_audit.jsonl", t, {"@timestamp": int(t.timestamp() * 1000), "_document_id": v.hex(16), "action": action, "actor": actor, "actor_id": int(v.digest(actor)[:6], 16), "actor_ip": ip, "org": ORG, "repo": f"{ORG}/{repo}", **more})


def lineage(v, t, event, job, run, inputs, outputs):
    def dataset(name, version, rows=None):
        facets = {"version": {"_producer": "https://airflow.apache.org", "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json", "datasetVersion": version}}
        out = {"namespace": "s3://lake", "name": name, "facets": facets}
        if rows:
            out["outputFacets"] = {"outputStatistics": {"_producer": "https://airflow.apache.org", "_schemaURL": "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json", "rowCount": rows}}
        return out
    v.add("openlineage.jsonl", t, {"eventType": event, "eventTime": iso(t, 6), "run": {"runId": run, "facets": {}}, "job": {"namespace": "airflow-prod", "name": job, "facets": {}}, "inputs": [dataset(*i) for i in inputs], "outputs": [dataset(*o) for o in outputs],
                                   "producer": "https://github.com/apache/airflow", "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"})
