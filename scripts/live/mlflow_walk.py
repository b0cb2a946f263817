"""docs/sources/mlflow.md with a real MLflow server on SQLite: webhooks of two model versions, signed; the digests of
their files from the registry, and a file of the storage that is exchanged without the registry being told. Who called is
in the server's log, by docs/sources/mlflow_server.md."""

import base64
import os
import pathlib
import sys

from walk import ATALANTA, answers, free_port, wait_for, walk

SECRET = "webhook-secret-0123456789"
EVENTS = ["registered_model.created", "model_version.created", "model_version_tag.set", "model_version_alias.created"]
QUERY = 'filter event_class = MODEL_ARTIFACT and model_name = "fraud-detector" and {} | sort asc _time'


def train(tracking, hook):
    """What a data scientist's program does: two versions of a model, an alias, a tag."""
    import mlflow
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    mlflow.set_tracking_uri(tracking)
    client = mlflow.MlflowClient()
    client.create_webhook(name="atalanta", url=hook, events=EVENTS, secret=SECRET)
    mlflow.set_experiment("fraud")
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    data = mlflow.data.from_pandas(x.assign(target=y), name="breast_cancer", targets="target")
    for strength in (1.0, 0.1):
        with mlflow.start_run():
            mlflow.log_input(data, context="training")
            model = LogisticRegression(C=strength, solver="liblinear").fit(x, y)
            mlflow.sklearn.log_model(model, name="model", registered_model_name="fraud-detector")
    client.set_registered_model_alias("fraud-detector", "champion", "2")
    client.set_model_version_tag("fraud-detector", "2", "validated", "yes")


def observe(at, tracking):
    """The registry's digests, by the sensor as its page says."""
    sensor = pathlib.Path(__file__).resolve().parents[2] / "sensors/python/src"
    command = [sys.executable, "-m", "atalanta_sensor.mlflow", "--tracking-uri", tracking, "--server", at.url]
    return at.run(command, PYTHONPATH=str(sensor), ATALANTA_TOKEN=at.token)


def exchange(at, row):
    """Changes a stored file behind the registry's back."""
    folder = at.folder / "mlartifacts" / row["model_uri"].removeprefix("mlflow-artifacts:/")
    with open(folder / "requirements.txt", "a") as file:
        file.write("left-pad\n")


def main():
    port = free_port()
    tracking = f"http://127.0.0.1:{port}"
    config = f'[[webhooks]]\nservice = "mlflow"\nsecret = "{SECRET}"\n'
    with walk("mlflow", config, token=True) as at:
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", "sqlite:///mlflow.db"]
        log = at.start(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            MLFLOW_WEBHOOK_ALLOWED_SCHEMES="http,https",
            MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS="true",
            MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY=base64.urlsafe_b64encode(os.urandom(32)).decode(),
        )
        wait_for(f"MLflow ({log})", lambda: answers(f"{tracking}/health"), 180)
        at.run([sys.executable, __file__, tracking, f"{at.url}/webhooks/mlflow"])
        hooks = at.rows("the webhooks", QUERY.format("model_operation != null"), 5)
        versions = [row for row in hooks if row["model_operation"] == "register" and row.get("model_version")]
        assert [row["model_version"] for row in versions] == ["1", "2"], versions
        at.expect(versions[0], model_registry="mlflow", model_uri=lambda uri: uri.startswith("models:/m-"), parse_status="ok")
        alias = next(row for row in hooks if row["model_operation"] == "alias_set")
        at.expect(alias, model_version="2", model_alias="champion")

        observe(at, tracking)
        digests = {row["model_version"]: row for row in at.rows("the digests", QUERY.format("model_root_digest != null"), 2)}
        at.expect(
            digests["2"], model_alias="champion", model_root_digest=lambda text: len(text) == 64,
            model_files=lambda text: "requirements.txt" in text and "sha256" in text, model_size=lambda n: n > 1000,
            model_source_run_id=lambda text: len(text) == 32, lineage_inputs=lambda all: all[0].startswith("breast_cancer@"),
            parse_status="ok",
        )
        if digests["1"]["model_root_digest"] == digests["2"]["model_root_digest"]:
            sys.exit("mlflow: two models have the same digest")
        exchange(at, digests["2"])
        observe(at, tracking)
        changed = 'event_class = MODEL_ARTIFACT and model_root_digest != null | comp count_distinct(model_root_digest) as n by model_version | filter n > 1'
        rows = at.rows("the exchanged file", f"filter {changed}", 1)
        at.expect(rows[0], model_version="2", n=2)
        at.run([ATALANTA, "ingest", str(log), "--source", "mlflow_server", "--server", at.url], ATALANTA_TOKEN=at.token)
        called = 'filter source_name = "mlflow_server" and action_http_request_uri contains "model-versions/create"'
        for row in at.rows("the log", called, 2):
            at.expect(row, action_local_ip="127.0.0.1", action_http_request_method="POST", http_status=200)
        at.survives(QUERY.format("model_operation != null"), 5)
        at.nowhere(SECRET)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        train(*sys.argv[1:])
    else:
        main()
