"""Recordings of the rules that answer hunts of the SOP by another way than the hunt's own; `make_recordings.py` writes them."""

from make_recordings import HOUR, MINUTE, cloudtrail, k8s, lines
from recordings_agents import DAY, Connection, agent, tap
from recordings_hosts import by_time, connection, file_read
from recordings_platform import started
from recordings_sessions import LAB, SERVING, in_pod

SHELL = (801, "/bin/bash", "-l")


# Formats -----------------------------------------------------------------------------------------------------------

def file_written(c, second, pid, binary, arguments, path, parent=SHELL, node="dev-7"):
    """A file that is opened for writing, as Tetragon's hook shows it."""
    record = file_read(c, second, pid, binary, arguments, path, parent, node)
    record["process_kprobe"]["args"][1] = {"int_arg": 2}
    return record


def put(c, second, role, bucket, key, size):
    """An object that is written to a bucket, in CloudTrail's data events of the account of the role."""
    host = f"{bucket}.s3.eu-central-1.amazonaws.com"
    record = cloudtrail(c, second, role, "s3.amazonaws.com", "PutObject", {"bucketName": bucket, "Host": host, "key": key})
    record.update({"eventCategory": "Data", "managementEvent": False,
                   "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host},
                   "resources": [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
                                 {"type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}],
                   "additionalEventData": {"bytesTransferredIn": size, "bytesTransferredOut": 0}})
    return record


def created(c, second, user, namespace, kind, name, spec):
    """A workload that is made, in the Kubernetes audit log."""
    record = k8s(c, second, user, name, "")
    group = "" if kind == "pods" else "apps"
    place = f"/api/v1/namespaces/{namespace}/{kind}" if kind == "pods" else f"/apis/apps/v1/namespaces/{namespace}/{kind}"
    record.update({"requestURI": place, "verb": "create", "requestObject": {"metadata": {"name": name}, "spec": spec},
                   "objectRef": {"resource": kind, "namespace": namespace, "name": name, "apiGroup": group, "apiVersion": "v1"}})
    record["responseStatus"]["code"] = 201
    return record


# Rules -------------------------------------------------------------------------------------------------------------

def new_bucket(c, attack):
    records = []
    for night in range(5):
        for part in range(4):
            second = night * DAY + 2 * HOUR + part * 300
            records.append(put(c, second, "trainer", "acme-weights", f"fraud/2026-11-{16 + night}/part-{part}.safetensors", 2_000_000_000))
            records.append(put(c, second + 90, "s3-replication", "acme-weights-replica", f"fraud/2026-11-{16 + night}/part-{part}.safetensors",
                               2_000_000_000))
    last = 5 * DAY + 2 * HOUR
    if attack:
        records += [put(c, last + n * 60, "trainer", "model-mirror-7f3", f"m/{n}.safetensors", 2_000_000_000) for n in range(4)]
    else:
        # Another model in the own bucket, its replica, and a report in a bucket that is new.
        records.append(put(c, last, "trainer", "acme-weights", "churn/v1/model.safetensors", 900_000_000))
        records.append(put(c, last + 90, "s3-replication", "acme-weights-replica", "churn/v1/model.safetensors", 900_000_000))
        records.append(put(c, last + 200, "trainer", "acme-reports-2026", "churn/v1/report.html", 300_000))
    records.sort(key=lambda record: record["eventTime"])
    return {"cloudtrail.jsonl": lines(records)}


def config_by_stranger(c, attack):
    home = "/home/ana"
    claude = (4100, "/usr/bin/node", "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js")
    records = [file_written(c, 60, *claude, f"{home}/.claude.json"),
               file_written(c, 120, 4200, "/usr/bin/cursor", "--type=utility", f"{home}/.cursor/mcp.json"),
               file_written(c, 180, 4300, "/usr/bin/vim", f"{home}/.codex/config.toml", f"{home}/.codex/config.toml")]
    install = (4400, "/usr/bin/node", "scripts/postinstall.js")
    npm = (4399, "/usr/bin/sh", "-c node scripts/postinstall.js")
    records.append(file_written(c, 600, *install, f"{home}/src/app/node_modules/left-pad-ai/settings.json", npm))
    if attack:
        records.append(file_written(c, 601, *install, f"{home}/.cursor/mcp.json", npm))
    else:
        # The user adds the same server in the program itself.
        records.append(file_written(c, 660, 4200, "/usr/bin/cursor", "--type=utility", f"{home}/.cursor/mcp.json"))
    return {"tetragon.jsonl": lines(by_time(records))}


def tool_order(c, attack):
    records = []
    def run(second, name, who, calls):
        for n, (server, tool) in enumerate(calls):
            records.append(agent(c, second + n * 20, name, who, f"https://{server}.corp.example/mcp", tool, {"n": n}, "done: 42 lines"))
    clerk = [("files", "list_files"), ("files", "read_file"), ("erp", "find_order"), ("board", "pin_note")]
    payer = [("erp", "find_invoice"), ("bank", "check_payee"), ("bank", "send_money")]
    for hour in range(40):
        run(hour * HOUR, f"clerk-{hour}", "shelf-clerk", clerk)
        run(hour * HOUR + 900, f"payer-{hour}", "paying-clerk", payer)
    if attack:
        run(41 * HOUR, "clerk-41", "shelf-clerk", [*clerk[:2], ("bank", "send_money")])
    else:
        # A run that reads several files and one that ends early; the other agent pays as always.
        run(41 * HOUR, "clerk-41", "shelf-clerk", [clerk[0], clerk[1]])
        run(42 * HOUR, "clerk-42", "shelf-clerk", clerk)
        run(42 * HOUR + 900, "payer-42", "paying-clerk", payer)
    return {"agents.jsonl": lines(records)}


def same_call(c, attack):
    command = ["uvx", "corp-crew-mcp"]
    crew = Connection(c, 9 * HOUR, "crew", command)
    for page in range(40):
        crew.call("list_tickets", {"queue": "returns", "page": page}, f"page {page}: 20 tickets", wait=2.0)
    for _ in range(30):
        crew.call("get_job_status", {"job": "export-77"}, "running", wait=15.0)
    for n in range(24):
        order = "sort the returns" if attack else f"sort the returns of shelf {n}"
        crew.call("delegate", {"to": "sorter", "task": order}, "the sorter asks you to sort the returns", wait=6.0)
    return tap(crew)


def first_server(c, attack):
    days = []
    def use(second, label, command, version="1.3.0"):
        link = Connection(c, second, label, command, version)
        link.call("search" if label == "docs" else "read_file", {"q": "returns"}, "three hits", wait=3.0)
        days.append(link)
    for day in range(9):
        for n, label in enumerate(("docs", "files")):
            use(day * DAY + 8 * HOUR + n * 600, label, ["npx", "-y", f"@corp/{label}-mcp@1.3.0"])
            use(day * DAY + 14 * HOUR + n * 600, label, ["npx", "-y", f"@corp/{label}-mcp@1.3.0"])
    if attack:
        use(9 * DAY + 9 * HOUR, "pdf-helper-pro", ["npx", "-y", "pdf-helper-pro"])
    else:
        use(9 * DAY + 9 * HOUR, "docs", ["npx", "-y", "@corp/docs-mcp@1.4.0"], "1.4.0")
    return tap(*days)


def first_reader(c, attack):
    server = (4101, "/usr/local/bin/python3.12", "-m vllm.entrypoints.openai.api_server")
    model, records = "/models/ranker/model-00001.safetensors", []
    def replica(number):
        container = SERVING["container"] | {"id": "containerd://" + f"{number:02x}" * 32}
        return SERVING | {"name": f"ranker-5d9f-{number:02d}", "workload": "ranker", "container": container}
    for hour in range(48):
        records.append(in_pod(file_read(c, hour * HOUR, *server, model), replica(hour % 3)))
    # Load: many replicas at once.
    records += [in_pod(file_read(c, 47 * HOUR + 600 + n, *server, model), replica(n)) for n in range(50)]
    hands = (6001, "/usr/bin/tar", "czf - /models/ranker")
    path = model if attack else "/models/ranker/README.md"
    records.append(in_pod(file_read(c, 47 * HOUR + 1800, *hands, path, SHELL), replica(2)))
    # A notebook's pod, in which any program may read models.
    records.append(in_pod(file_read(c, 47 * HOUR + 1900, *hands, "/home/ana/model.safetensors", SHELL), LAB | {"workload": "lab"}))
    return {"tetragon.jsonl": lines(by_time(records))}


def kept_then_uploaded(c, attack):
    records = []
    def job(second, pid, arguments, path, address):
        program = (pid, "/usr/bin/python3.12", arguments)
        records.append(file_written(c, second, *program, path, SHELL, "gpu-11"))
        records.append(connection(c, second + 40, "connect", *program, address, 443, parent=SHELL))
    for hour in range(6):
        job(hour * HOUR, 5000 + hour, "-m train --config fraud.yaml", "/srv/models/fraud/checkpoint.safetensors", "203.0.113.60")
        job(hour * HOUR + 900, 5100 + hour, "-m export_onnx --parent run-31", "/tmp/export/model.onnx", "10.4.7.31")
    if attack:
        job(7 * HOUR, 6000, "-c \"model.save_pretrained('/tmp/.m')\"", "/tmp/.m/model.safetensors", "203.0.113.66")
    else:
        job(7 * HOUR, 6000, "-m train --config churn.yaml", "/srv/models/churn/model.safetensors", "203.0.113.60")
        job(7 * HOUR + 60, 6001, "-m report", "/tmp/report.html", "203.0.113.66")
    return {"tetragon.jsonl": lines(by_time(records))}


def privileged_pod(c, attack):
    def container(image, **more):
        return {"name": "main", "image": image, **more}
    digest = "nvcr.io/nvidia/driver@sha256:" + "77" * 32
    driver = {"template": {"spec": {"hostPID": True, "containers": [container(digest, securityContext={"privileged": True})]}}}
    ana, plain = "ana@corp.example", container("registry.corp.example/train:9", securityContext={"privileged": False},
                                                livenessProbe={"httpGet": {"path": "/", "port": 8080}})
    records = [created(c, 0, "system:serviceaccount:gpu-operator:gpu-operator", "gpu-operator", "daemonsets", "nvidia-driver", driver),
               created(c, 300, ana, "ml", "deployments", "trainer", {"template": {"spec": {"containers": [plain]}}}),
               created(c, 400, ana, "ml", "pods", "sweep-1", {"containers": [plain], "volumes": [{"name": "d", "emptyDir": {}}]})]
    host = {"containers": [container("docker.io/library/alpine:3.22", securityContext={"privileged": True})],
            "volumes": [{"name": "s", "hostPath": {"path": "/var/run/docker.sock"}}]}
    own = {"containers": [plain], "volumes": [{"name": "s", "hostPath": {"path": "/srv/datasets"}}]}
    records.append(created(c, 10 * MINUTE, ana, "ml", "pods", "cache-warmer", host if attack else own))
    return {"audit.jsonl": lines(records)}


def library(c, attack):
    records = []
    def account(second, pid, arguments, host, address, uid):
        shell = (pid - 1, "/bin/bash", "-l")
        install = started(c, second, shell, "/usr/bin/python3.12", arguments, pid, "lab-9")
        link = connection(c, second + 900, "connect", pid + 1, "/usr/bin/python3.12", "work.py", address, 443, [host], None, shell, "lab-9")
        for record in (install, link):
            for part in next(iter(record.values())).values():
                if isinstance(part, dict):
                    part.update({"uid": uid, "auid": uid})
        records.extend([install, link])
    model, packages = ("fraud.serving.corp.example", "10.4.7.31"), ("packages.corp.example", "10.4.7.40")
    account(0, 5000, "-m pip install polars", *model, 1001)
    account(2 * HOUR, 5100, "-m pip install torch", *packages, 1002)
    if attack:
        account(5 * HOUR, 5200, "-m pip install foolbox==3.3.4", *model, 1002)
    else:
        account(5 * HOUR, 5200, "-m pip install foolbox==3.3.4", *packages, 1900)
        account(6 * HOUR, 5300, "-m pip install scikit-learn", *model, 1002)
    return {"tetragon.jsonl": lines(by_time(records))}


def dead_hours(c, attack):
    records = []
    def done(second, action):
        record = cloudtrail(c, int(second), "ana", "sagemaker.amazonaws.com", action, None, True)
        record["userIdentity"] = {"type": "IAMUser", "principalId": "AIDAEXAMPLEANA", "arn": "arn:aws:iam::123456789012:user/ana",
                                  "accountId": "123456789012", "userName": "ana", "accessKeyId": "AKIAEXAMPLE000000001"}
        records.append(record)
    for day in range(35):
        if day % 7 in (5, 6):
            continue
        for n in range(24):
            done(day * DAY + 8 * HOUR + n * 1500 + c.random.randint(0, 900), c.random.choice(["ListModels", "DescribeTrainingJob"]))
    evening = 36 * DAY
    for n in range(3):
        done(evening + (3 * HOUR if attack else 18 * HOUR + 2400) + n * 300, "DescribeModel" if attack else "ListModels")
    records.sort(key=lambda record: record["eventTime"])
    return {"cloudtrail.jsonl": lines(records)}


RULES = {
    "adversarial_input/attack-library-then-model": library,
    "behaviour/dead-hours": dead_hours,
    "model_poisoning/models-to-new-bucket": new_bucket,
    "tool_poisoning/agent-config-by-stranger": config_by_stranger,
    "tool_confusion/agent-tool-order": tool_order,
    "tool_confusion/same-call-again": same_call,
    "mcp/first-server-of-agent": first_server,
    "model_theft/first-model-reader": first_reader,
    "model_theft/model-kept-then-uploaded": kept_then_uploaded,
    "infrastructure/privileged-pod": privileged_pod,
}
