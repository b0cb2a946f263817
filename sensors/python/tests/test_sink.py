"""The way of records to a server and what the spool holds; needs nothing but Python."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error

from listener import Listener

from atalanta_sensor import TrainingTap
from atalanta_sensor.sink import REFUSED, Server

SOURCES = pathlib.Path(__file__).parent.parent / "src"


def line(number, size=100):
    return json.dumps({"n": number, "x": "y" * size}) + "\n"


class WithListener(unittest.TestCase):
    def setUp(self):
        self.listener = Listener()
        self.addCleanup(self.listener.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def numbers(self):
        return [record["n"] for record in self.listener.records]

    def wait_for(self, condition):
        end = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not happen within ten seconds")
            time.sleep(0.02)


class TheSpool(WithListener):
    def server(self, limit):
        server = Server(self.listener.url, spool=self.folder, limit=limit)
        self.addCleanup(server.close)
        return server

    def held(self):
        return sum(path.stat().st_size for path in self.folder.glob("*.ndjson"))

    def test_what_was_sent_takes_no_room(self):
        server = self.server(limit=4000)
        for number in range(200):
            self.assertEqual(server.write([line(number)]), 0, f"record {number}")
            server.send(closing=False)
        self.assertEqual(self.numbers(), list(range(200)))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_an_outage_fills_it_to_its_limit_and_then_there_is_room_again(self):
        self.listener.refuse = 503
        server = self.server(limit=4000)
        dropped = server.write([line(number) for number in range(100)])
        self.assertGreater(dropped, 0)
        self.assertLessEqual(self.held(), 4000)
        with self.assertRaises(urllib.error.HTTPError):
            server.send(closing=True)
        self.listener.refuse = None
        server.send(closing=True)
        self.assertEqual(self.numbers(), list(range(100 - dropped)))
        self.assertEqual(server.write([line(number) for number in range(20)]), 0)

    def test_a_record_that_is_refused_for_good_is_set_aside_and_the_others_arrive(self):
        self.listener.poison = b'"n": 5'
        server = self.server(limit=1 << 20)
        server.write([line(number) for number in range(9)])
        with self.assertLogs("atalanta_sensor", "WARNING"):
            server.send(closing=False)
        self.assertEqual(self.numbers(), [0, 1, 2, 3, 4, 6, 7, 8])
        self.assertEqual((server.refused, (self.folder / REFUSED).read_text()), (1, line(5)))
        self.assertEqual([path.name for path in self.folder.iterdir()], [REFUSED])

    def test_a_wrong_token_can_be_repaired(self):
        self.listener.refuse = 401
        server = self.server(limit=1 << 20)
        server.write([line(1)])
        with self.assertRaises(urllib.error.HTTPError):
            server.send(closing=True)
        self.listener.refuse = None
        server.send(closing=True)
        self.assertEqual((self.numbers(), server.refused), ([1], 0))


class TheWholeWay(WithListener):
    def test_records_arrive_at_the_server(self):
        tap = TrainingTap(server=self.listener.url, token="t-1", spool=self.folder, budget=None)
        tap.step(0.7)
        tap.close()
        self.assertEqual([record.get("event", "step") for record in self.listener.records], ["start", "step", "end"])
        self.assertEqual(self.listener.tokens[0], "Bearer t-1")
        self.assertEqual(list(self.folder.iterdir()), [], "a spool that was sent is removed")

    def test_an_outage_delays_records_and_loses_none(self):
        self.listener.refuse = 503
        tap = TrainingTap(server=self.listener.url, spool=self.folder, budget=None)
        for _ in range(3):
            tap.step(1.0)
        self.wait_for(lambda: tap._sink.errors > 0)
        self.listener.refuse = None
        tap.close()
        self.assertEqual([record.get("step") for record in self.listener.records], [None, 1, 2, 3, None])

    def test_what_a_killed_training_left_is_sent_by_the_next(self):
        for torn in [b"", b'{"torn']:
            with self.subTest(torn=torn):
                self.listener.records.clear()
                self.killed()
                left = next(self.folder.glob("*.ndjson"))
                with left.open("ab") as file:
                    file.write(torn)
                tap = TrainingTap(server=self.listener.url, spool=self.folder, run_id="next", budget=None)
                tap.step(1.0)
                self.wait_for(lambda: sum(record["run_id"] == "killed" for record in self.listener.records) == 6)
                tap.close()

    def killed(self):
        program = (
            "import os, time; from atalanta_sensor import TrainingTap;"
            f"tap = TrainingTap(server='http://127.0.0.1:9', spool={str(self.folder)!r}, run_id='killed', budget=None);"
            "[tap.step(1.0) for _ in range(5)];"
            "time.sleep(1.5); os.kill(os.getpid(), 9)"
        )
        ended = subprocess.run([sys.executable, "-c", program], timeout=60, env={"PYTHONPATH": str(SOURCES)})
        self.assertEqual(ended.returncode, -9)


class NothingBreaksTheTraining(unittest.TestCase):
    def test_a_place_that_cannot_be_written(self):
        tap = TrainingTap(path="/proc/no/such/place.jsonl", budget=None)
        for _ in range(5):
            tap.step(1.0)
        tap.close(timeout=1)
        self.assertGreater(tap._sink.errors, 0)

    def test_values_that_fail_wherever_they_are_touched(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a"
            tap = TrainingTap(Hostile(), Hostile(), path=path, loader=Hostile(), budget=None)
            tap.step(Hostile(), Hostile(), ids=Hostile(), grads={"a": Hostile()})
            tap.step(float("nan"), None, lr=0.1)
            tap.close()
            last = json.loads(path.read_text().splitlines()[-1])
        self.assertGreater(tap.errors, 0)
        self.assertGreater(last["sensor_errors"], 0)


class Hostile:
    """Fails wherever it is touched."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __len__(self):
        raise RuntimeError("len")


if __name__ == "__main__":
    unittest.main()
