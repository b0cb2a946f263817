"""What an MLflow registry holds: its model versions with the digests of their files.

    python -m atalanta_sensor.mlflow --tracking-uri http://127.0.0.1:5000 --server http://127.0.0.1:7280 [--every 300]

MLflow's webhooks name no digest, and its registry keeps none. This reads every version, loads its files from where the
registry says they are, and sends one record for each with the SHA-256 of the files, aliases, run and datasets.
A digest that changes while the version stays the same is a model that was exchanged in the storage.

Runs where the package `mlflow` is installed. Ends with 1 if a version could not be read or a record not be sent.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import sys
import tempfile
import time
import urllib.request

#: Bytes that are read of a file at a time.
BLOCK = 1 << 20


def sha256_of(path):
    """SHA-256 of a file, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def files_of(folder):
    """Name, digest and size of every file below a folder, by name; of a file itself where it is one."""
    folder = pathlib.Path(folder)
    paths = [folder] if folder.is_file() else [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    root = folder.parent if folder.is_file() else folder
    named = sorted((path.relative_to(root).as_posix(), path) for path in paths)
    return [{"name": name, "sha256": sha256_of(path), "size": path.stat().st_size} for name, path in named]


def root_digest(files):
    """SHA-256 over the files' digests in the order of their names: what OpenSSF model signing calls the subject's digest."""
    return hashlib.sha256(b"".join(bytes.fromhex(file["sha256"]) for file in files)).hexdigest()


def flavors(files, folder):
    """The flavours that the file MLmodel names, without a YAML parser: members of the top-level key `flavors`."""
    if not any(file["name"] == "MLmodel" for file in files):
        return []
    found, inside = [], False
    for line in pathlib.Path(folder, "MLmodel").read_text(encoding="utf-8", errors="replace").splitlines():
        if not line.startswith(" "):
            inside = line.startswith("flavors:")
        elif inside and line.startswith("  ") and not line.startswith("   ") and line.endswith(":"):
            found.append(line.strip().rstrip(":"))
    return found


def run_of(client, run_id):
    """Who made a version, with which program and which data; nothing where the run is gone."""
    if not run_id:
        return None, []
    try:
        run = client.get_run(run_id)
    except Exception as error:  # a deleted run is no reason to miss the digests
        return {"id": run_id, "error": str(error)}, []
    tags = run.data.tags
    about = {
        "id": run_id,
        "user": run.info.user_id or tags.get("mlflow.user"),
        "program": tags.get("mlflow.source.name"),
        "commit": tags.get("mlflow.source.git.commit"),
        "started_ms": run.info.start_time,
    }
    inputs = run.inputs.dataset_inputs if run.inputs else []
    datasets = [
        {
            "name": each.dataset.name,
            "digest": each.dataset.digest,
            "source_type": each.dataset.source_type,
            "context": next((tag.value for tag in each.tags if tag.key == "mlflow.data.context"), None),
        }
        for each in inputs
    ]
    return about, datasets


def aliases_of(client, name):
    """The aliases of a model by version."""
    found = {}
    for alias, version in client.get_registered_model(name).aliases.items():
        found.setdefault(str(version), []).append(alias)
    return found


def record_of(client, fetch, version, aliases):
    """The record of a version. `fetch(uri, folder)` loads its files and gives the path where they are."""
    about, datasets = run_of(client, version.run_id)
    data = {
        "name": version.name,
        "version": str(version.version),
        "source": version.source,
        "run_id": version.run_id or None,
        "aliases": sorted(aliases),
        "tags": version.tags,
        "status": version.status,
        "created_ms": version.creation_timestamp,
        "updated_ms": version.last_updated_timestamp,
        "user": version.user_id or None,
        "run": about,
        "datasets": datasets,
        "inputs": [f"{each['name']}@{each['digest']}" for each in datasets],
    }
    try:
        data["location"] = client.get_model_version_download_uri(version.name, version.version)
        with tempfile.TemporaryDirectory() as folder:
            place = fetch(data["location"], folder)
            files = files_of(place)
            data["flavors"] = flavors(files, place)
        data["files"] = files
        data["size"] = sum(file["size"] for file in files)
        data["root_digest"] = root_digest(files)
    except Exception as error:  # the other versions are still to be read
        data["error"] = f"{type(error).__name__}: {error}"
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    return {"entity": "model_version", "action": "observed", "timestamp": now, "data": data}


def pages(search):
    """All elements of an answer that comes in pages."""
    token = None
    while True:
        page = search(page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def records(client, fetch, models=()):
    """A record for each version of the models, of all where none is named."""
    for model in pages(client.search_registered_models):
        if models and model.name not in models:
            continue
        aliases = aliases_of(client, model.name)
        quoted = model.name.replace("'", "\\'")
        for version in pages(lambda page_token: client.search_model_versions(f"name='{quoted}'", page_token=page_token)):
            yield record_of(client, fetch, version, aliases.get(str(version.version), []))


def post(server, token, record):
    """Sends a record; an error if the server did not take it."""
    url = server.rstrip("/") + "/api/v1/ingest/mlflow"
    request = urllib.request.Request(url, data=json.dumps(record).encode(), method="POST")
    request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def once(client, fetch, options):
    """Reads the registry one time; how many versions were read, and how many could not be."""
    read, failed = 0, 0
    for record in records(client, fetch, options.model):
        data = record["data"]
        try:
            if options.server:
                post(options.server, os.environ.get("ATALANTA_TOKEN"), record)
            else:
                with open(options.out, "a", encoding="utf-8") as file:
                    file.write(json.dumps(record) + "\n")
        except OSError as error:
            data.setdefault("error", f"not sent: {error}")
        if "error" in data:
            failed += 1
            print(f"{data['name']} {data['version']}: {data['error']}", file=sys.stderr)
        else:
            read += 1
            print(f"{data['name']} {data['version']}: {data['root_digest']}")
    return read, failed


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m atalanta_sensor.mlflow", description=__doc__.splitlines()[0])
    parser.add_argument("--tracking-uri", required=True, help="address of the MLflow server, or of its database")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--server", help="address of `atalanta serve`; a token is read from ATALANTA_TOKEN")
    where.add_argument("--out", help="file to which records are appended")
    parser.add_argument("--model", action="append", default=[], help="only this registered model; may be given several times")
    parser.add_argument("--every", type=float, help="seconds after which the registry is read again")
    options = parser.parse_args(arguments)

    import mlflow

    mlflow.set_tracking_uri(options.tracking_uri)
    client = mlflow.MlflowClient()

    def fetch(uri, folder):
        return mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)

    while True:
        read, failed = once(client, fetch, options)
        if not read and not failed:
            print("the registry has no versions of these models", file=sys.stderr)
        if not options.every:
            return 1 if failed else 0
        time.sleep(options.every)


if __name__ == "__main__":
    sys.exit(main())
