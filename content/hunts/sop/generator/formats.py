"""Record shapes of the producers, key for key and in the producers' key order.

Each class is one observer (a proxy, a sensor, a gateway); its methods append one
record to a stream. Shapes: LiteLLM StandardLoggingPayload 1.106, Envoy 1.40 JSON
access log, Sysmon event 1 flattened by a Windows log shipper, osquery results
log, Tetragon JSON export, and the envelopes of the MCP tap and of the HTTP tap.
"""

import base64
import hashlib
import json
from datetime import timedelta, timezone


def sha(text, length=64):
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def hexes(rng, length):
    return "".join(rng.choice("0123456789abcdef") for _ in range(length))


def uuid(rng):
    digits = hexes(rng, 32)
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def millis(when):
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def nanos(when, rng):
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond * 1000 + rng.randrange(1000):09d}Z"


MODEL_PRICES = {
    "gpt-4o-mini": ("openai", 1.5e-07, 6e-07),
    "gpt-4o": ("openai", 2.5e-06, 1e-05),
    "claude-sonnet-4-5": ("anthropic", 3e-06, 1.5e-05),
    "qwen2.5-7b-instruct": ("hosted_vllm", 0.0, 0.0),
}

API_BASES = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1/messages",
    "hosted_vllm": "http://vllm.ml.example:8000/v1",
}


class LiteLlm:
    """The company's LLM proxy: one payload per call, with user, key and content."""

    def __init__(self, stream):
        self.stream = stream

    def call(self, when, user, ip, messages, answer="", model="gpt-4o-mini",
             agent="support-desk/2.3", tool_calls=None, **parameters):
        rng = self.stream.rng
        provider, price_in, price_out = MODEL_PRICES[model]
        size_in = sum(len(str(m.get("content") or "")) for m in messages) // 4 + 9
        size_out = max(3, len(answer) // 4)
        seconds = round(0.4 + size_out * 0.011 + rng.uniform(0, 0.6), 6)
        start = round(when.timestamp(), 6)
        end = round(start + seconds, 6)
        cost_in, cost_out = size_in * price_in, size_out * price_out
        model_id = sha("deployment/" + model)
        usage = {"completion_tokens": size_out, "prompt_tokens": size_in, "total_tokens": size_in + size_out,
                 "completion_tokens_details": {"accepted_prediction_tokens": None, "audio_tokens": None,
                                               "reasoning_tokens": 0, "rejected_prediction_tokens": None},
                 "prompt_tokens_details": {"audio_tokens": None, "cached_tokens": 0}}
        response_id = "chatcmpl-" + hexes(rng, 24)
        body = {"model": model, "messages": messages, **parameters}
        self.stream.add(when, {
            "id": response_id, "litellm_call_id": uuid(rng), "trace_id": uuid(rng), "session_id": "",
            "call_type": "acompletion", "cache_hit": None, "stream": None, "status": "success",
            "status_fields": {"llm_api_status": "success", "guardrail_status": "not_run"},
            "custom_llm_provider": provider, "saved_cache_cost": 0.0, "startTime": start, "endTime": end,
            "completionStartTime": end, "response_time": round(end - start, 6), "model": f"{provider}/{model}",
            "metadata": self._metadata(user, ip, agent, usage, body),
            "cache_key": None, "response_cost": cost_in + cost_out,
            "cost_breakdown": {"input_cost": cost_in, "output_cost": cost_out, "total_cost": cost_in + cost_out,
                               "tool_usage_cost": 0.0, "service_tier": None, "data_residency": None,
                               "vertex_location": None, "original_cost": cost_in + cost_out, "discount_percent": 0.0,
                               "discount_amount": 0.0, "margin_percent": 0.0, "margin_fixed_amount": 0.0,
                               "margin_total_amount": 0.0},
            "autorouter_savings": None, "autorouter_savings_estimate": None, "autorouter_baseline_observation": None,
            "total_tokens": size_in + size_out, "prompt_tokens": size_in, "completion_tokens": size_out,
            "request_tags": [f"User-Agent: {agent.split('/')[0]}", f"User-Agent: {agent}"],
            "request_model_access_groups": [], "end_user": user, "api_base": API_BASES[provider],
            "model_group": model, "model_id": model_id, "requester_ip_address": ip, "user_agent": agent,
            "messages": messages,
            "response": self._response(response_id, start, model, answer, tool_calls, usage),
            "model_parameters": {"stream": False, "user": user, **parameters},
            "hidden_params": {"model_id": model_id, "cache_key": None, "api_base": API_BASES[provider],
                              "response_cost": cost_in + cost_out,
                              "additional_headers": {"x-litellm-model-group": model, "x-litellm-attempted-retries": 0,
                                                     "x-litellm-attempted-fallbacks": 0},
                              "litellm_overhead_time_ms": round(rng.uniform(2, 9), 3), "batch_models": None,
                              "batch_successful_requests": None, "batch_failed_requests": None,
                              "litellm_model_name": f"{provider}/{model}", "usage_object": None},
            "model_map_information": {"model_map_key": f"{provider}/{model}", "model_map_value": None},
            "error_str": None,
            "error_information": {"error_code": "", "error_class": "", "llm_provider": "", "traceback": "",
                                  "error_message": "", "error_provider_request_id": None,
                                  "error_rate_limit_category": None, "error_rate_limit_type": None,
                                  "error_budget_entity_type": None, "error_budget_entity_id": None,
                                  "error_budget_limit": None, "error_budget_spend": None, "normalized_error": None},
            "response_cost_failure_debug_info": None, "zero_cost_diagnostic": None, "guardrail_information": None,
            "standard_built_in_tools_params": {"web_search_options": None, "file_search": None},
        })

    @staticmethod
    def _metadata(user, ip, agent, usage, body):
        names = ["alias", "spend", "max_budget", "budget_reset_at", "user_spend", "user_max_budget", "team_spend",
                 "team_max_budget", "team_id", "org_id", "org_alias", "project_id", "project_alias", "user_id",
                 "team_alias", "user_email", "end_user_id", "request_route"]
        values = {"spend": 0.0, "user_id": user, "end_user_id": user, "request_route": "/v1/chat/completions"}
        return {
            "user_api_key_hash": sha("key of " + user),
            **{"user_api_key_" + name: values.get(name) for name in names},
            "spend_logs_metadata": None, "requester_ip_address": ip, "user_agent": agent,
            "requester_metadata": {"headers": {"host": "llm-proxy.corp.example", "accept": "*/*",
                                               "content-type": "application/json", "user-agent": agent,
                                               "content-length": str(len(json.dumps(body)))},
                                   "used_client_oauth_token": False},
            "prompt_management_metadata": None, "applied_guardrails": [], "mcp_tool_call_metadata": None,
            "vector_store_request_metadata": None, "routing_decision": None, "usage_object": usage,
            "requester_custom_headers": {}, "cold_storage_object_key": None, "user_api_key_auth_metadata": {},
            "team_alias": None, "team_id": None, "used_client_oauth_token": False,
        }

    @staticmethod
    def _response(response_id, start, model, answer, tool_calls, usage):
        message = {"content": answer or None, "role": "assistant", "tool_calls": tool_calls, "function_call": None,
                   "provider_specific_fields": {"refusal": None}}
        return {"id": response_id, "created": int(start), "model": model, "object": "chat.completion",
                "system_fingerprint": "fp_" + sha(model, 10),
                "choices": [{"finish_reason": "tool_calls" if tool_calls else "stop", "index": 0, "message": message,
                             "provider_specific_fields": {}}],
                "usage": usage, "moderation": None, "service_tier": "default"}


def spiffe(namespace, account):
    return f"spiffe://cluster.local/ns/{namespace}/sa/{account}"


class Envoy:
    """One proxy. `role` decides which side's identity and addresses it can see.

    `egress`: the mesh's egress proxy; clients come with mTLS, servers are outside. Connections are
    redirected to it, so its local address is the original destination.
    `inbound`: the sidecar of a server in the mesh.
    """

    def __init__(self, stream, role="egress", local="10.4.0.12", owner=None):
        self.stream = stream
        self.role = role
        self.local = local
        self.owner = owner or spiffe("istio-egress", "egress-gateway")

    def request(self, when, caller, client_ip, authority, upstream, method, path, sent, received,
                agent="python-httpx2/2.16.2", status=200, duration=None, mcp=(None, None, None)):
        """`sent` and `received` are bytes as the client sees them."""
        rng = self.stream.rng
        port = upstream.rsplit(":", 1)[1]
        cluster = f"outbound|{port}||{authority}" if self.role == "egress" else f"inbound|{port}||"
        took = duration if duration is not None else 20 + (sent + received) // 40_000 + rng.randrange(60)
        client_port = 32768 + rng.randrange(28000)
        self.stream.add(when, {
            "authority": authority, "bytes_received": sent, "bytes_sent": received,
            "connection_termination_details": None, "downstream_local_address": upstream if self.role == "egress" else f"{self.local}:{port}",
            "downstream_local_uri_san": self.owner, "downstream_peer_fingerprint_256": sha("svid of " + caller),
            "downstream_peer_uri_san": caller, "downstream_remote_address": f"{client_ip}:{client_port}",
            "downstream_tls_version": "TLSv1.3", "duration": took, "mcp_method": mcp[0], "mcp_name": mcp[1],
            "mcp_protocol_version": mcp[2], "method": method, "path": path, "protocol": "HTTP/1.1",
            "request_id": uuid(rng), "requested_server_name": f"outbound_.{port}_._.{authority}",
            "response_code": status, "response_code_details": "via_upstream", "response_flags": "-",
            "route_name": "default", "start_time": millis(when), "traceparent": None, "upstream_cluster": cluster,
            "upstream_host": upstream, "upstream_local_address": f"{self.local}:{40000 + rng.randrange(9000)}",
            "upstream_peer_uri_san": None, "upstream_service_time": str(max(1, took - 1 - rng.randrange(3))),
            "upstream_transport_failure_reason": None, "user_agent": agent, "x_forwarded_for": None,
        })


# What the version resource of a binary says: version, description, product, company, original name.
IMAGES = {
    "python.exe": ("3.12.7", "Python", "Python", "Python Software Foundation", "python.exe"),
    "jupyter.exe": ("-", "-", "-", "-", "-"),
    "node.exe": ("22.11.0", "Node.js JavaScript Runtime", "Node.js", "Node.js", "node.exe"),
    "bash.exe": ("-", "-", "-", "-", "-"),
    "kubectl.exe": ("-", "-", "-", "-", "-"),
    "docker.exe": ("-", "-", "-", "-", "-"),
    "git.exe": ("2.47.0.2", "Git for Windows", "Git", "The Git Development Community", "git.exe"),
    "powershell.exe": ("10.0.22621.4391", "Windows PowerShell", "Microsoft® Windows® Operating System",
                       "Microsoft Corporation", "PowerShell.EXE"),
    "Code.exe": ("1.95.3", "Visual Studio Code", "Visual Studio Code", "Microsoft Corporation", "electron.exe"),
    "msedge.exe": ("131.0.2903.51", "Microsoft Edge", "Microsoft Edge", "Microsoft Corporation", "msedge.exe"),
}

PATHS = {
    "python.exe": r"C:\Python312\python.exe",
    "jupyter.exe": r"C:\Python312\Scripts\jupyter.exe",
    "node.exe": r"C:\Program Files\nodejs\node.exe",
    "bash.exe": r"C:\Program Files\Git\usr\bin\bash.exe",
    "kubectl.exe": r"C:\Program Files\kubectl\kubectl.exe",
    "docker.exe": r"C:\Program Files\Docker\Docker\resources\bin\docker.exe",
    "git.exe": r"C:\Program Files\Git\mingw64\bin\git.exe",
    "powershell.exe": r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
    "Code.exe": r"C:\Program Files\Microsoft VS Code\Code.exe",
    "msedge.exe": r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
}


class Sysmon:
    """Sysmon event 1 of one Windows host and user, flat as a log shipper writes it."""

    def __init__(self, stream, host, user):
        self.stream = stream
        self.host = host
        self.user = user
        self.logon = f"0x{int(sha(host + user, 6), 16):x}"

    def _guid(self, seed):
        digits = sha(self.host, 8) + sha(seed, 24)
        return "{" + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32])).upper() + "}"

    def start(self, when, image, command, parent="powershell.exe", parent_command="powershell.exe -NoLogo",
              directory=None):
        rng = self.stream.rng
        version, description, product, company, original = IMAGES[image]
        short = self.user.split("\\")[1]
        pid = 1000 + 4 * rng.randrange(5000)
        guid = self._guid(f"{when.isoformat()}/{pid}")
        parent_pid = 1000 + 4 * int(sha(parent + parent_command + self.user, 3), 16)
        digest = sha("binary " + PATHS[image] + version).upper()
        self.stream.add(when, {
            "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": self.host, "RuleName": "-",
            "UtcTime": when.strftime("%Y-%m-%d %H:%M:%S.") + f"{when.microsecond // 1000:03d}",
            "ProcessGuid": guid, "ProcessId": str(pid), "Image": PATHS[image], "FileVersion": version,
            "Description": description, "Product": product, "Company": company, "OriginalFileName": original,
            "CommandLine": command, "CurrentDirectory": directory or rf"C:\Users\{short}\work" + "\\",
            "User": self.user, "LogonGuid": self._guid("logon " + self.user), "LogonId": self.logon,
            "TerminalSessionId": "1", "IntegrityLevel": "Medium",
            "Hashes": f"MD5={digest[:32]},SHA256={digest},IMPHASH={sha('imports ' + image, 32).upper()}",
            "ParentProcessGuid": self._guid(f"{parent}/{parent_pid}"), "ParentProcessId": str(parent_pid),
            "ParentImage": PATHS[parent], "ParentCommandLine": parent_command, "ParentUser": self.user,
        })


class Osquery:
    """The results log of one host's scheduled query over `processes` and `users`."""

    def __init__(self, stream, host):
        self.stream = stream
        self.host = host
        self.counter = 0

    def run(self, when, added, removed=()):
        """One run of the query: the difference to the run before, as osquery logs it."""
        for action, rows in (("removed", removed), ("added", added)):
            for columns in rows:
                self.stream.add(when, {
                    "name": "ml_processes", "hostIdentifier": self.host,
                    "calendarTime": when.strftime("%a %b %d %H:%M:%S %Y UTC"), "unixTime": int(when.timestamp()),
                    "epoch": 0, "counter": self.counter, "numerics": False, "columns": columns, "action": action,
                })
        self.counter += 1

    def process(self, sid, command, user_ms, system_ms, name="python.exe"):
        return {"cmdline": command, "name": name, "parent": "4120", "path": PATHS["python.exe"],
                "pid": str(2000 + 4 * self.stream.rng.randrange(4000)), "system_time": str(system_ms),
                "user_sid": sid, "user_time": str(user_ms)}


MAY_WRITE, MAY_READ = 2, 4


class Tetragon:
    """Tetragon's export of one node; `pod` is None for processes of the host itself."""

    def __init__(self, stream, node, pod=None):
        self.stream = stream
        self.node = node
        self.pod = pod
        self.started = {}

    @staticmethod
    def workload(namespace, name, kind, image, replica=0):
        """A pod as Tetragon shows it."""
        seed = f"{namespace}/{name}/{replica}"
        return {
            "namespace": namespace, "name": f"{name}-{sha(name, 10)}-{sha(seed, 5)}",
            "container": {"id": "containerd://" + sha("container " + seed), "name": name,
                          "image": {"id": f"registry.example/{image}@sha256:{sha(image)}",
                                    "name": f"registry.example/{image}:1.8.2"},
                          "start_time": "2026-11-19T05:12:44Z", "pid": 1},
            "pod_labels": {"app.kubernetes.io/name": name}, "workload": name, "workload_kind": kind,
        }

    def _process(self, when, binary, arguments, uid, cwd):
        # A process starts 200 ms before the first event in which it is seen.
        started = self.started.setdefault(binary + arguments, when - timedelta(milliseconds=200))
        pid = 3000 + int(sha(f"{self.node}{self.pod and self.pod['name']}{binary}{arguments}", 4), 16)
        exec_id = base64.b64encode(f"{self.node}:{int(sha(binary + arguments, 10), 16)}:{pid}".encode()).decode()
        process = {"exec_id": exec_id, "pid": pid, "uid": uid, "cwd": cwd, "binary": binary, "arguments": arguments,
                   "flags": "execve clone", "start_time": millis(started),
                   "auid": 4294967295 if self.pod else uid}
        if self.pod:
            process["pod"] = self.pod
            process["docker"] = self.pod["container"]["id"].split("//")[1][:31]
        process["parent_exec_id"] = base64.b64encode(f"{self.node}:1740000000:{pid - 40}".encode()).decode()
        process["tid"] = pid
        return process

    def _parent(self, process):
        binary, arguments = ("/usr/bin/containerd-shim-runc-v2", "-namespace k8s.io") if self.pod else ("/bin/bash", "")
        return {"exec_id": process["parent_exec_id"], "pid": process["pid"] - 40, "uid": 0 if self.pod else process["uid"],
                "cwd": "/", "binary": binary, "arguments": arguments, "flags": "execve clone",
                "start_time": self.pod["container"]["start_time"] if self.pod else "2026-11-20T04:58:12.114Z",
                "auid": process["auid"],
                "parent_exec_id": base64.b64encode(f"{self.node}:1000000000:1".encode()).decode(),
                "tid": process["pid"] - 40}

    def file(self, when, binary, arguments, path, mask, uid=1000, cwd="/srv"):
        """One read or write of a file, seen at the `security_file_permission` hook."""
        process = self._process(when, binary, arguments, uid, cwd)
        self.stream.add(when, {
            "process_kprobe": {
                "process": process, "parent": self._parent(process),
                "function_name": "security_file_permission",
                "args": [{"file_arg": {"path": path, "permission": "-rw-r--r--"}}, {"int_arg": mask}],
                "return": {"int_arg": 0}, "action": "KPROBE_ACTION_POST", "policy_name": "ml-file-monitoring",
                "return_action": "KPROBE_ACTION_POST",
            },
            "node_name": self.node, "time": nanos(when, self.stream.rng),
        })

    def write(self, when, binary, arguments, path, **rest):
        self.file(when, binary, arguments, path, MAY_WRITE, **rest)

    def read(self, when, binary, arguments, path, **rest):
        self.file(when, binary, arguments, path, MAY_READ, **rest)

    def exec(self, when, binary, arguments, uid=1000, cwd="/srv"):
        process = self._process(when, binary, arguments, uid, cwd)
        self.stream.add(when, {"process_exec": {"process": process, "parent": self._parent(process)},
                               "node_name": self.node, "time": nanos(when, self.stream.rng)})


class HttpTap:
    """The HTTP tap of one host: exchanges of its processes, with the local user of each."""

    def __init__(self, stream, host, client_ip):
        self.stream = stream
        self.host = host
        self.client_ip = client_ip

    def exchange(self, when, uid, process, server, method, path, body=None, status=200, agent="mlflow-python-client/3.17.0"):
        """`server` is the Host header and the server's address; `body` a JSON object."""
        rng = self.stream.rng
        authority, address = server
        name, port = address.rsplit(":", 1)
        length = len(json.dumps(body)) if body is not None else 0
        headers = {"host": authority, "user-agent": agent, "accept-encoding": "gzip, deflate", "accept": "*/*",
                   "connection": "keep-alive"}
        if body is not None:
            headers.update({"content-length": str(length), "content-type": "application/json"})
        self.stream.add(when, {
            "ts_ns": int(when.timestamp() * 1_000_000) * 1000 + rng.randrange(1000), "method": method, "path": path,
            "headers": headers, "request_body": body, "status": status, "client_ip": self.client_ip,
            "client_port": 32768 + rng.randrange(28000), "server_ip": name, "server_port": int(port), "scheme": "http",
            "duration_ms": round(rng.uniform(3, 40), 3), "bytes_out": length + 260, "bytes_in": 180 + rng.randrange(500),
            "user": str(uid), "process_name": "python3.12", "process_path": "/usr/bin/python3.12",
            "process_id": 3000 + int(sha(process, 4), 16), "host_name": self.host})


class McpTap:
    """The tap between one client and one MCP server, over standard input and output
    (`command`) or in front of a streamable HTTP server (`host`, its address, and the client's)."""

    def __init__(self, stream, label, client, command=None, host=None, server_ip=None, client_ip=None):
        self.stream = stream
        self.label = label
        self.client = client
        self.command = command
        self.host = host
        self.addresses = {"client_ip": client_ip, "client_port": 50112, "server_ip": server_ip, "server_port": 8080}
        self.pids = (4211, 4260) if command else (None, None)
        self.connection = f"{label}-{sha(label + client, 8)}"
        self.sequence = 0
        self.request = 0
        self.meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                     "io.modelcontextprotocol/clientInfo": {"name": client, "version": "1.4.0"},
                     "io.modelcontextprotocol/clientCapabilities": {}}

    def _http(self, request, status):
        """What the HTTP tap adds: address, headers, and for answers the status."""
        headers = {"content-type": "application/json"}
        if status is None:
            headers = {**headers, "user-agent": "python-httpx2/2.16.2", "mcp-protocol-version": "2026-07-28",
                       "mcp-method": request["method"]}
            if request["method"] == "tools/call":
                headers["mcp-name"] = request["params"]["name"]
        http = {"url": f"http://{self.host}/mcp", "host": self.host, "path": "/mcp", "headers": headers}
        if status is not None:
            http["status"] = status
        return {**http, **self.addresses}

    def _record(self, when, direction, message, request=None):
        self.sequence += 1
        record = {
            "ts_ns": int(when.timestamp() * 1_000_000) * 1000 + self.stream.rng.randrange(1000), "seq": self.sequence,
            "connection_id": self.connection, "transport": "http" if self.host else "stdio", "direction": direction,
            "client_pid": self.pids[0], "server_pid": self.pids[1], "server_label": self.label,
            "server_cmdline": self.command or [], "message": message}
        if self.host:
            record["http"] = self._http(request, None if direction == "client_to_server" else 200)
        self.stream.add(when, record)

    def initialize(self, when):
        """The handshake of protocol revisions up to 2025-11-25."""
        self._record(when, "client_to_server", {"method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {"roots": {}, "elicitation": {}},
            "clientInfo": {"name": self.client, "version": "1.4.0"}}, "jsonrpc": "2.0", "id": 0})
        self._record(when + timedelta(milliseconds=41), "server_to_client", {"result": {
            "protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "secure-filesystem-server", "version": "0.2.0"}}, "jsonrpc": "2.0", "id": 0})
        self._record(when + timedelta(milliseconds=52), "client_to_server",
                     {"method": "notifications/initialized", "jsonrpc": "2.0"})

    def exchange(self, when, method, params, result):
        """A request and its answer, 20 to 160 ms later."""
        self.request += 1
        later = when + timedelta(milliseconds=20 + self.stream.rng.randrange(140))
        if self.host:
            request = {"jsonrpc": "2.0", "id": self.request, "method": method, "params": {**params, "_meta": self.meta}}
            answer = {"jsonrpc": "2.0", "id": self.request, "result": {**result, "resultType": "complete"}}
        else:
            request = {"method": method, **({"params": params} if params else {}), "jsonrpc": "2.0", "id": self.request}
            answer = {"result": result, "jsonrpc": "2.0", "id": self.request}
        self._record(when, "client_to_server", request, request)
        self._record(later, "server_to_client", answer, request)

    def call(self, when, tool, arguments, text):
        result = {"content": [{"type": "text", "text": text}]}
        result.update({"isError": False} if self.host else {"structuredContent": {"content": text}})
        self.exchange(when, "tools/call", {"name": tool, "arguments": arguments}, result)
