"""The digests of a registry's versions, with a registry that is made of plain objects; a real one is in `make live`."""

import contextlib
import hashlib
import io
import json
import pathlib
import tempfile
import types
import unittest

from listener import Listener

from atalanta_sensor import mlflow

MLMODEL = "artifact_path: model\nflavors:\n  python_function:\n    env: x\n  sklearn:\n    code: null\nmodel_id: m-1\n"


class Page(list):
    token = None


class Registry:
    """What MlflowClient answers: one model with two versions, the files of the second of which are gone."""

    def search_registered_models(self, page_token=None):
        page = Page([types.SimpleNamespace(name="fraud")] if page_token else [types.SimpleNamespace(name="other")])
        page.token = None if page_token else "next"
        return page

    def get_registered_model(self, name):
        return types.SimpleNamespace(aliases={"champion": "1", "a": 1})

    def search_model_versions(self, wanted, page_token=None):
        if wanted != "name='fraud'":
            return Page()
        common = {"name": "fraud", "source": "models:/m-1", "tags": {}, "status": "READY", "user_id": ""}
        times = {"creation_timestamp": 1, "last_updated_timestamp": 2}
        return Page(
            types.SimpleNamespace(version=version, run_id=run, **common, **times) for version, run in ((1, "r"), (2, None))
        )

    def get_run(self, run_id):
        dataset = types.SimpleNamespace(name="bc", digest="7ff6", source_type="code")
        tag = types.SimpleNamespace(key="mlflow.data.context", value="training")
        inputs = types.SimpleNamespace(dataset_inputs=[types.SimpleNamespace(dataset=dataset, tags=[tag])])
        info = types.SimpleNamespace(user_id="ana", start_time=5)
        return types.SimpleNamespace(data=types.SimpleNamespace(tags={}), info=info, inputs=inputs)

    def get_model_version_download_uri(self, name, version):
        return f"stored/{version}"


class Observed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.stored = pathlib.Path(folder.name)
        (self.stored / "data").mkdir()
        (self.stored / "MLmodel").write_text(MLMODEL)
        (self.stored / "data/weights").write_bytes(b"w")
        (self.stored / "link").symlink_to("/etc/hostname")

    def fetch(self, uri, folder):
        if uri != "stored/1":
            raise OSError("no such artifact")
        return str(self.stored)

    def test_the_root_digest_is_that_of_model_signing(self):
        files = mlflow.files_of(self.stored)
        self.assertEqual([file["name"] for file in files], ["MLmodel", "data/weights"])
        digests = [hashlib.sha256(data).digest() for data in (MLMODEL.encode(), b"w")]
        self.assertEqual(mlflow.root_digest(files), hashlib.sha256(b"".join(digests)).hexdigest())
        # The files and the subject of content/sources/model_signing/samples/model.sig.
        signed = [
            "5f8fbbccee3fbf073007bcbde69ea15b38aec677f5569fe0c03dcc2cd5af2422",
            "3258d484f2fcc30a6067c4738cf6a081c5e81c3f41133e5f98c1412b74cc3d47",
            "136628c9ae75bf3067b259da981d1a34dd4d766fb82a145025175c9bf77593bf",
            "7080f403c0a33bd4cf70693a77de41af1e4cca293053fd260b5ecfd7ba6a6ba4",
            "8951ce24e407e4aa53982a0f3c8d2192362feaaca9cbf408fed7a62912cd282a",
        ]
        subject = "05ce944d41faaf36654764161b744e81f5a56ffed8a53ad1f13a00f729abc7dc"
        self.assertEqual(mlflow.root_digest([{"sha256": digest} for digest in signed]), subject)

    def test_a_version_that_cannot_be_read_does_not_hide_the_others(self):
        first, second = mlflow.records(Registry(), self.fetch, ["fraud"])
        data = first["data"]
        self.assertEqual((data["version"], data["aliases"], data["run"]["user"]), ("1", ["a", "champion"], "ana"))
        self.assertEqual((data["flavors"], data["size"]), (["python_function", "sklearn"], len(MLMODEL) + 1))
        self.assertEqual(data["datasets"][0], {"name": "bc", "digest": "7ff6", "source_type": "code", "context": "training"})
        self.assertEqual(data["inputs"], ["bc@7ff6"])
        self.assertNotIn("error", data)
        self.assertIn("no such artifact", second["data"]["error"])
        self.assertNotIn("root_digest", second["data"])

    def test_records_are_sent_and_a_refusal_is_said(self):
        listener = Listener()
        self.addCleanup(listener.close)
        options = types.SimpleNamespace(server=listener.url, out=None, model=[])
        said, wrong = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
            self.assertEqual(mlflow.once(Registry(), self.fetch, options), (1, 1))
            self.assertEqual([record["data"]["version"] for record in listener.records], ["1", "2"])
            listener.refuse = 503
            self.assertEqual(mlflow.once(Registry(), self.fetch, options), (0, 2))
        self.assertIn("fraud 1: ", said.getvalue())
        self.assertIn("fraud 1: not sent: HTTP Error 503", wrong.getvalue())

    def test_records_are_appended_to_a_file(self):
        path = self.stored.parent / f"{self.stored.name}.jsonl"
        self.addCleanup(path.unlink)
        options = types.SimpleNamespace(server=None, out=path, model=["fraud"])
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for _ in range(2):
                mlflow.once(Registry(), self.fetch, options)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual([line["entity"] for line in lines], ["model_version"] * 4)


if __name__ == "__main__":
    unittest.main()
