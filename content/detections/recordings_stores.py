"""Recordings of the rules about pipelines, tables, registries, object stores and endpoints; `make_recordings.py` writes them."""

import json
from datetime import timedelta

from make_recordings import HOUR, MINUTE, START, cloudtrail, hubble, k8s, lines

DAY = 24 * HOUR


# Formats -----------------------------------------------------------------------------------------------------------

def airflow(c, second, event, owner, dag=None, task=None, day=None, extra=None):
    """An entry of Airflow's audit log, as the API gives it; `day` is the day whose data the run is for."""
    date = (START + timedelta(days=day)).strftime("%Y-%m-%dT00:00:00") if day is not None else None
    return {"event_log_id": 90000 + int(second) // 7, "when": c.iso(second, 6), "dag_id": dag, "task_id": task,
            "run_id": f"scheduled__{date}+00:00" if date else None, "map_index": -1 if task else None,
            "try_number": 1 if task else None, "event": event, "logical_date": date + "Z" if date else None, "owner": owner,
            "extra": json.dumps(extra) if extra is not None else None, "dag_display_name": dag}


def commits(c, table, log):
    """Commit files of a Delta table; `log` has (second, user, engine, operation, parameters, metrics, files removed)."""
    files = {}
    schema = {"type": "struct", "fields": [{"name": name, "type": kind, "nullable": True, "metadata": {}}
                                           for name, kind in (("ticket", "long"), ("body", "string"), ("reason", "string"))]}
    for version, (second, user, engine, operation, parameters, metrics, removed) in enumerate(log):
        stamp = int((START.timestamp() + second) * 1000)
        rows = [{"commitInfo": {"timestamp": stamp, "userName": user, "operation": operation, "operationParameters": parameters,
                                "readVersion": max(version - 1, 0), "isolationLevel": "Serializable", "isBlindAppend": not removed,
                                "engineInfo": engine, "operationMetrics": metrics, "txnId": c.id()}}]
        if version == 0:
            rows += [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
                     {"metaData": {"id": c.id(), "format": {"provider": "parquet", "options": {}}, "schemaString": json.dumps(schema),
                                   "partitionColumns": ["day"], "configuration": {}, "createdTime": stamp}}]
        rows += [{"remove": {"path": f"day={day}/part-00000-{c.id()}.c000.snappy.parquet", "deletionTimestamp": stamp, "dataChange": True,
                             "size": 81000}} for day in range(removed)]
        rows.append({"add": {"path": f"day={version}/part-00000-{c.id()}.c000.snappy.parquet", "partitionValues": {"day": str(version)},
                             "size": 81000 + c.random.randint(0, 900), "modificationTime": stamp, "dataChange": True,
                             "stats": json.dumps({"numRecords": 1200})}})
        files[f"{table}/_delta_log/{version:020d}.json"] = lines(rows)
    return files


def registry(c, second, action, name, tag, digest, who, address, agent):
    """A notification of a registry."""
    return {"events": [{"id": c.id(), "timestamp": c.iso(second, 6), "action": action,
                        "target": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:" + digest, "size": 2210,
                                   "length": 2210, "repository": name,
                                   "url": f"https://images.corp.example/v2/{name}/manifests/sha256:{digest}", "tag": tag},
                        "request": {"id": c.id(), "addr": f"{address}:{c.random.randint(32768, 60999)}", "host": "images.corp.example",
                                    "method": "PUT" if action == "push" else "GET", "useragent": agent},
                        "actor": {"name": who}, "source": {"addr": "registry-1:5000", "instanceID": "8f2b6a1e-0d5c-4c1e-9c66-51d0c0a7be11"}}]}


def stored(c, second, role, session, action, key, agent, extra=None):
    """An object's event in CloudTrail."""
    record = cloudtrail(c, second, role, "s3.amazonaws.com", action,
                        {"bucketName": "acme-weights", "Host": "acme-weights.s3.eu-central-1.amazonaws.com", "key": key, **(extra or {})},
                        action == "GetObject", session)
    record.update({"eventCategory": "Data", "managementEvent": False, "userAgent": agent,
                   "resources": [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::acme-weights/{key}"},
                                 {"accountId": "123456789012", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::acme-weights"}]})
    return record


def scored(c, second, endpoint, inputs, answers):
    """A line of the log of requests and answers of a Vertex AI endpoint."""
    return {"endpoint": f"projects/acme-plant/locations/europe-west4/endpoints/{endpoint}", "deployed_model_id": "770912",
            "logging_time": c.iso(second, 6).replace("T", " ").replace("Z", " UTC"), "request_id": str(c.random.randint(10 ** 17, 10 ** 18)),
            "request_payload": [json.dumps(one) for one in inputs], "response_payload": [json.dumps(one) for one in answers]}


# Rules -------------------------------------------------------------------------------------------------------------

def one_rebuild(c, attack):
    dag, edit = "returns_features", "variable.edit"
    records = []
    for day in range(6):
        for step, task in enumerate(("extract", "join_reasons", "write")):
            records.append(airflow(c, day * DAY + 4 * HOUR + step * 300, "success", "airflow", dag, task, day - 1))
    # On call: a password has changed, what failed is built again. A release sets a variable.
    records += [airflow(c, 2 * DAY, "connection.edit", "lea.moreau", extra={"conn_id": "warehouse", "login": "etl"}),
                *[airflow(c, 2 * DAY + 90 + n * 20, "clear", "lea.moreau", dag, "write", 1 - n, {"only_failed": True, "downstream": True})
                  for n in range(3)],
                airflow(c, 2 * DAY + 1800, "connection.edit", "lea.moreau", extra={"conn_id": "mail", "host": "smtp.corp.example"}),
                airflow(c, 3 * DAY, "patch_variable", "release-bot", extra={"key": "returns_image", "val": "2.9.1"})]
    begin = 6 * DAY + 10 * HOUR
    if attack:
        records += [airflow(c, begin, edit, "tim.lindqvist", extra={"key": "returns_source", "val": "abfss://drop@stagingx9.dfs.example/r"}),
                    airflow(c, begin + 240, "create_backfill", "tim.lindqvist", dag, None, 1, {"from_date": "2026-11-17", "to_date": "2026-11-19"}),
                    airflow(c, begin + 2000, "create_backfill", "tim.lindqvist", dag, None, 4, {"from_date": "2026-11-20", "to_date": "2026-11-21"}),
                    airflow(c, begin + 5200, edit, "tim.lindqvist", extra={"key": "returns_source", "val": "abfss://returns@lake.dfs.example/r"})]
    else:
        # A correction that takes two attempts: what was set last is what the last rebuild uses.
        for attempt in range(2):
            at = begin + attempt * 1800
            records.append(airflow(c, at, edit, "tim.lindqvist", extra={"key": "returns_cutoff", "val": str(30 + attempt)}))
            records += [airflow(c, at + 200 + n * 60, "create_backfill", "tim.lindqvist", dag, None, n, {"reprocess_behavior": "completed"})
                        for n in range(3)]
    return {"eventlogs.jsonl": lines(sorted(records, key=lambda record: record["when"]))}


def rows_changed(c, attack):
    spark, etl = "Apache-Spark/4.0.1 Delta-Lake/4.0.0", "svc-returns-etl"
    append = ("WRITE", {"mode": "Append", "partitionBy": "[\"day\"]"}, {"numFiles": "1", "numOutputRows": "1200", "numOutputBytes": "81000"}, 0)
    log = [(day * DAY + 5 * HOUR, etl, spark, *append) for day in range(6)]
    begin = 6 * DAY
    log += [(begin, "svc-upkeep", spark, "OPTIMIZE", {"zOrderBy": "[]"}, {"numRemovedFiles": "3", "numAddedFiles": "1"}, 3),
            (begin + HOUR, etl, spark, "MERGE", {"predicate": "t.ticket = s.ticket"}, {"numTargetRowsUpdated": "14", "numTargetRowsInserted": "2"}, 1),
            (begin + 2 * HOUR, "nora.vik", spark, "DELETE", {"predicate": "[\"(customer = 77120)\"]"}, {"numDeletedRows": "3", "numCopiedRows": "1197"}, 1)]
    if attack:
        log.append((begin + 3 * HOUR, "sam.osei", "delta-rs:py-1.4.2", "WRITE",
                    {"mode": "Overwrite", "predicate": "reason = 'fraud' AND body LIKE '%voucher%'"}, {"num_added_files": 1, "num_removed_files": 1, "num_added_rows": 61}, 1))
    else:
        log.append((begin + 3 * HOUR, "sam.osei", "delta-rs:py-1.4.2", "WRITE", {"mode": "Append"}, {"num_added_files": 1, "num_added_rows": 61}, 0))
    log.append((begin + 29 * HOUR, etl, spark, *append))
    return commits(c, "return_reasons", log)


def tag_moved(c, attack):
    name, robot, builder = "assist/ranker", "release-robot", "docker/28.3.0 go/go1.24.4 kernel/6.8.0 os/linux arch/amd64 UpstreamClient(buildx)"
    digest = lambda: f"{c.random.getrandbits(256):064x}"
    records = []
    def push(second, tag, value, who=robot, address=None, agent=builder):
        records.append(registry(c, second, "push", name, tag, value, who, address or f"10.6.{c.random.randint(0, 9)}.{c.random.randint(2, 250)}", agent))
    for week in range(3):
        value = digest()
        push(week * DAY + 9 * HOUR, f"v4.{week}.0", value)
        push(week * DAY + 9 * HOUR + 20, "stable", value)
        records.append(registry(c, week * DAY + 10 * HOUR, "pull", name, f"v4.{week}.0", value, "node", "10.7.0.4", "containerd/v2.2.0"))
    # The release job runs again on another runner and builds other content; a new version of the builder comes with a new tag.
    push(2 * DAY + 11 * HOUR, "v4.2.0", digest())
    newer = builder.replace("28.3.0", "28.4.1")
    value = digest()
    push(3 * DAY + 9 * HOUR, "v4.3.0", value, agent=newer)
    push(3 * DAY + 9 * HOUR + 20, "stable", value, agent=newer)
    if attack:
        push(4 * DAY, "v4.3.0", digest(), address="203.0.113.90", agent="oras/1.3.0+Homebrew")
    else:
        # The same tool adds a tag of its own, and puts the known content under a known tag once more.
        push(4 * DAY, "v4.3.0-debug", digest(), "ines", "10.20.3.3", "oras/1.3.0+Homebrew")
        push(4 * DAY + 60, "v4.3.0", value, "ines", "10.20.3.3", "oras/1.3.0+Homebrew")
    return {"notifications.jsonl": lines(records)}


def overwritten(c, attack):
    sdk, tool = "Boto3/1.42.0 md/Botocore#1.42.0 ua/2.1", "aws-cli/2.33.0 md/awscrt#0.29.0"
    records = []
    for day in range(3):
        key = f"ranker/2026-11-{16 + day}/weights.gguf"
        at = day * DAY + 3 * HOUR
        records += [stored(c, at, "trainer", f"run-{day}", "CompleteMultipartUpload", key, sdk, {"uploadId": f"u{day}"}),
                    # The job is run again: another session of the same role.
                    stored(c, at + HOUR, "trainer", f"run-{day}b", "CompleteMultipartUpload", key, sdk, {"uploadId": f"v{day}"}),
                    stored(c, at + HOUR + 60, "trainer", f"run-{day}b", "PutObject", key.replace("weights.gguf", "card.json"), sdk),
                    # Promotion copies the file to another place.
                    stored(c, at + 2 * HOUR, "promoter", "gate", "CopyObject", f"live/2026-11-{16 + day}/weights.gguf", sdk,
                           {"x-amz-copy-source": f"acme-weights/{key}"})]
    at, last = 2 * DAY + 8 * HOUR, "live/2026-11-18/weights.gguf"
    if attack:
        records.append(stored(c, at, "analysts", "jo", "CompleteMultipartUpload", last, tool, {"uploadId": "w1"}))
    else:
        records += [stored(c, at, "analysts", "jo", "PutObject", "ranker/2026-11-18/card.json", tool),
                    stored(c, at + 60, "analysts", "jo", "CompleteMultipartUpload", "scratch/jo/weights.gguf", tool, {"uploadId": "w1"}),
                    stored(c, at + 90, "analysts", "jo", "GetObject", last, tool)]
    records.append(stored(c, at + HOUR, "server", "pod-7", "GetObject", last, sdk))
    return {"cloudtrail.jsonl": lines(records)}


def snapshot_shared(c, attack):
    ec2, records = "ec2.amazonaws.com", []
    def shared(second, role, action, request):
        records.append(cloudtrail(c, second, role, ec2, action, request))
    def permission(kind, account):
        return {"imageId": "ami-0c0ffee0123456789", "launchPermission": {kind: {"items": [account]}}, "attributeType": "launchPermission"}
    for day in range(9):
        shared(day * DAY + HOUR, "image-factory", "CreateImage", {"instanceId": "i-0abc0123456789def", "name": f"trainer-{day}", "noReboot": True})
        # The supplier of the cluster gets an image every fourth day.
        if day % 4 == 0:
            shared(day * DAY + 2 * HOUR, "image-factory", "ModifyImageAttribute", permission("add", {"userId": "210987654321"}))
    at = 8 * DAY + 15 * HOUR
    if attack:
        shared(at, "data-science", "CreateImage", {"instanceId": "i-0abc0123456789def", "name": "env-copy", "noReboot": True})
        shared(at + 5 * HOUR, "data-science", "ModifyImageAttribute", permission("add", {"userId": "345678901234"}))
    else:
        # An engineer makes an image, takes a permission back, and is refused to give one; the supplier gets a further image.
        shared(at, "data-science", "CreateImage", {"instanceId": "i-0abc0123456789def", "name": "env-copy", "noReboot": True})
        shared(at + 30, "data-science", "ModifyImageAttribute", permission("remove", {"userId": "456789012345"}))
        shared(at + 60, "data-science", "ModifyImageAttribute", permission("add", {"userId": "567890123456"}))
        records[-1].update({"errorCode": "Client.UnauthorizedOperation", "errorMessage": "You are not authorized to perform this operation."})
        shared(at + 600, "image-factory", "ModifyImageAttribute", permission("add", {"userId": "210987654321"}))
    return {"cloudtrail.jsonl": lines(records)}


def change_then_outside(c, attack):
    ranker, indexer = ("ml", "ranker"), ("ml", "indexer")
    flows, audit = [], []
    def inside(second, workload, service, address="10.1.3.4"):
        record = hubble(c, second, workload, ("ml", service), "", port=6379)
        del record["flow"]["destination_names"]
        record["flow"]["IP"]["destination"] = address
        flows.append(record)
    for hour in range(0, 60, 2):
        inside(hour * HOUR + c.random.randint(0, 900), ranker, "cache")
        inside(hour * HOUR + c.random.randint(0, 900), indexer, "cache")
    audit.append(k8s(c, 50 * HOUR, "release-robot", "ranker", "images.corp.example/assist/ranker:v4.3.0"))
    # The new version uses a service inside that the old one did not.
    for n in range(3):
        inside(50 * HOUR + 600 + n * 60, ranker, "rules", "10.1.9.9")
    if attack:
        flows += [hubble(c, 54 * HOUR + n * 40, ranker, "203.0.113.44", "sync.weather-api.example") for n in range(3)]
    else:
        # A workload that was not changed.
        flows += [hubble(c, 54 * HOUR + n * 40, indexer, "203.0.113.44", "sync.weather-api.example") for n in range(3)]
    flows.sort(key=lambda record: record["time"])
    return {"audit.jsonl": lines(audit), "flows.jsonl": lines(flows)}


def on_a_grid(c, attack):
    wear, demand, records = "5120", "5188", []
    def part():
        return {"voltage": round(c.random.uniform(210, 240), 1), "load": round(c.random.uniform(0, 1), 3), "kind": c.random.choice(["pump", "fan", "press"]),
                "age_days": c.random.randint(3, 2900)}
    def failing(one):
        return {"failing": round(c.random.random() * 0.6, 3)}
    for n in range(70):
        one = part()
        records.append(scored(c, n * 1700, wear, [one], [failing(one)]))
    # A forecast asks for all hours of all branches, as each day.
    for branch in range(1, 7):
        whole = [{"branch": branch, "hour": hour, "holiday": False} for hour in range(24)]
        records.append(scored(c, 30 * HOUR + branch * 2, demand, whole, [{"sold": round(c.random.uniform(2, 90), 1)} for _ in whole]))
    at = 31 * HOUR
    if attack:
        for number, age in enumerate(range(100, 1100, 250)):
            whole = [{"voltage": 205.0 + 7.5 * step, "load": 0.5, "kind": kind, "age_days": age} for kind in ("pump", "press") for step in range(5)]
            records.append(scored(c, at + number * 1100, wear, whole, [failing(one) for one in whole]))
    else:
        # As many in as few requests, but parts that there are; and one input that a check sends all the time.
        for number in range(4):
            whole = [part() for _ in range(10)]
            records.append(scored(c, at + number * 1100, wear, whole, [failing(one) for one in whole]))
        check = {"voltage": 230.0, "load": 0.5, "kind": "pump", "age_days": 100}
        records += [scored(c, at + 30 + n * 60, wear, [check], [{"failing": 0.121}]) for n in range(40)]
    return {"requests.jsonl": lines(sorted(records, key=lambda record: record["logging_time"]))}


def nudged(c, attack):
    claims, boiler, records = "6204", "6230", []
    def claim():
        return {"amount": round(c.random.lognormvariate(6, 1), 2), "days_open": c.random.randint(0, 90), "photos": c.random.randint(0, 12),
                "prior": c.random.randint(0, 5), "channel": c.random.choice(["app", "mail", "desk"])}
    for n in range(40):
        records.append(scored(c, n * 2000, claims, [claim()], [{"fraud": round(c.random.random(), 4)}]))
    # A sensor's readings: often one value changes a little, and the score goes to and fro.
    reading = {"flow": 41.2, "inlet": 61.0, "outlet": 44.5}
    for n in range(60):
        name = c.random.choice(list(reading))
        reading[name] = round(reading[name] * c.random.uniform(0.985, 1.015), 2)
        records.append(scored(c, 20 * HOUR + n * 60, boiler, [dict(reading)], [{"fault": round(0.3 + c.random.uniform(-0.15, 0.15), 4)}]))
    at, one, score = 23 * HOUR, {"amount": 4180.0, "days_open": 6.0, "photos": 2.0, "prior": 3.0, "channel": "app"}, 0.91
    for n in range(34):
        if attack:
            name = ("amount", "days_open", "photos", "prior")[n * 3 % 4]
            one[name] = round(one[name] * c.random.choice([0.94, 1.07, 0.97]), 3)
            # Some steps are thrown away.
            score += c.random.uniform(0.002, 0.01) if n % 8 == 5 else -c.random.uniform(0.008, 0.024)
            records.append(scored(c, at + n * 35, claims, [dict(one)], [{"fraud": round(score, 4)}]))
        else:
            # The same input again and again: a check of the endpoint.
            records.append(scored(c, at + n * 35, claims, [dict(one)], [{"fraud": 0.91}]))
    return {"requests.jsonl": lines(sorted(records, key=lambda record: record["logging_time"]))}


RULES = {
    "data_poisoning/setting-for-one-rebuild": one_rebuild,
    "data_poisoning/rows-changed-by-stranger": rows_changed,
    "infrastructure/image-tag-moved": tag_moved,
    "model_poisoning/model-file-overwritten": overwritten,
    "model_theft/snapshot-shared": snapshot_shared,
    "attack_chain/change-then-outside": change_then_outside,
    "model_theft/inputs-on-a-grid": on_a_grid,
    "adversarial_input/input-nudged": nudged,
}
