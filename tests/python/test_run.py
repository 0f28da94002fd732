"""Runs from Python: starting them, knowing the one that a script is in, metrics, and paths inside of a run."""
import json
import os
import subprocess
import sys
import threading
import unittest

import support
from support import GridTest

import grid_datastores as api

SCRIPT = """
import sys, threading
import grid_datastores as grid
run = grid.this_run()
version = grid.datastore("cats")[1]
top = version.path()
assert top == "/datastores/cats/1", top
print(run.name, [str(v) for v in run.versions], open(top + "/sub/one.txt").readline().strip())
threads = [threading.Thread(target=lambda n=n: [grid.log_metric(f"loss{n}", i / 10, i) for i in range(50)])
           for n in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
assert grid.log_metric("last", float("nan"))
open(run.artifacts + "/model.bin", "w").write("weights")
sys.exit(int(sys.argv[1]))
"""


class Runs(GridTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tried = subprocess.run([support.PROGRAM, "run", "-q", "true"], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            raise unittest.SkipTest(tried.stderr.strip())
        cls.script = os.path.join(cls.work, "train.py")
        with open(cls.script, "w", encoding="utf-8") as file:
            file.write(SCRIPT)
        # A run finds python3 in the PATH, which must be this one.
        os.makedirs(cls.work + "/bin")
        os.symlink(sys.executable, cls.work + "/bin/python3")
        os.environ["PATH"] = cls.work + "/bin:" + os.environ["PATH"]

    def test_a_run_knows_itself_and_keeps_its_metrics(self):
        run = api.run(self.script, 0, "grid:cats:1", name="first", settings={"X": "1"})
        self.assertEqual((run.name, run.status, run.exit_status, run.reason), ("first", "done", 0, None))
        self.assertEqual([str(version) for version in run.versions], ["cats:1"])
        log = support.grid("logs", "first")
        self.assertEqual(log.split(), ["first", "['cats:1']", "one"])
        metrics = run.metrics()
        self.assertEqual(len(metrics), 201)
        for n in range(4):
            self.assertEqual([(m["value"], m["step"]) for m in metrics if m["name"] == f"loss{n}"],
                             [(i / 10, i) for i in range(50)])
        self.assertEqual(metrics[-1], {"name": "last", "value": "nan", "step": None})
        with open(run.artifacts + "/model.bin", encoding="utf-8") as file:
            self.assertEqual(file.read(), "weights")
        self.assertIn("first", [found.name for found in api.runs()])
        self.assertIn("done", run._repr_html_())
        self.assertIn("<td>last</td><td>nan</td>", run._repr_html_())
        newest = {one["name"]: (one["value"], one["count"]) for one in run.record["metrics"]}
        self.assertEqual((newest["last"], sum(count for _, count in newest.values())), (("nan", 1), 201))
        self.assertRegex(support.grid("status", run.name), r"METRIC +NEWEST +STEP +VALUES")

    def test_a_script_that_fails_is_no_exception_but_a_run_that_cannot_start_is(self):
        run = api.run(self.script, 3)
        self.assertEqual((run.status, run.exit_status), ("failed", 3))
        self.assertTrue(run.name.startswith("train-"))
        with self.fails("not_found", "none"):
            api.run(self.work + "/none.py", name="none")
        with self.fails("invalid_argument"):
            api.run(self.script, name="no name!")

    def test_a_detached_run_is_looked_at_again(self):
        run = api.run(self.script, 0, datastores=["cats:1"], detach=True)
        for _ in range(600):
            run = run.refresh()
            if run.status not in ("queued", "running"):
                break
            threading.Event().wait(0.05)
        self.assertEqual(run.status, "done")
        self.assertEqual(len(run.metrics()), 201)

    def test_outside_of_a_run_nothing_is_kept(self):
        self.assertIsNone(api.this_run())
        self.assertFalse(api.log_metric("loss", 1.0))

    def test_a_store_of_its_own_is_not_the_runs(self):
        """In a run, the paths of another store are not those of the run's datastores."""
        other = os.path.join(self.work, "other-store")
        folder = os.path.join(self.work, "other-source")
        support.write(folder, {"x": b"other"})
        support.grid("--store", other, "datastore", "create", folder, "--name=cats", "-q")
        script = os.path.join(self.work, "other.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write("import grid_datastores as grid, sys\n"
                       "path = grid.store(sys.argv[1]).version('cats:1').path('x')\n"
                       "assert not path.startswith('/datastores'), path\nprint(open(path).read())\n")
        os.environ["GRID_IDLE"] = "3"  # the run's mount, which only the run can see, is there when ours is asked for
        run = api.run(script, other)
        self.assertEqual((run.status, support.grid("logs", run.name).strip()), ("done", "other"))
        with open(api.store(other).version("cats:1").path("x"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "other")
        os.environ["GRID_IDLE"] = "0.4"

    def test_metrics_that_were_cut_are_left_out(self):
        os.environ["GRID_ARTIFACTS"] = self.work
        try:
            self.assertTrue(api.log_metric("a", 1))
            with open(self.work + "/metrics.jsonl", "a", encoding="utf-8") as file:
                file.write('[1]\n{"name": "b", "va')
            from grid_datastores._run import _read_metrics

            self.assertEqual(list(_read_metrics(self.work + "/metrics.jsonl")), [{"name": "a", "value": 1.0, "step": None}])
            with self.fails("invalid_argument"):
                api.log_metric("", 1)
            os.environ["GRID_ARTIFACTS"] = self.work + "/none"
            with self.fails("permission_denied", "metrics.jsonl"):
                api.log_metric("a", 1)
        finally:
            del os.environ["GRID_ARTIFACTS"]


if __name__ == "__main__":
    unittest.main()
