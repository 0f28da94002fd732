"""Making versions of local stores, with the progress that a person sees; and what a notebook shows."""
import io
import os
import signal
import subprocess
import sys
import time
import unittest
from html.parser import HTMLParser

import support
from support import GridTest

import grid_datastores as api


class Create(GridTest):
    def test_a_create_gives_the_next_version(self):
        dogs = api.datastore("dogs")
        events = []
        first = dogs.create(self.one, message="ünï", progress=events.append)
        self.assertEqual((str(first), first.message, len(first)), ("dogs:1", "ünï", len(self.cats[1])))
        self.assertEqual(first.root, self.cats[1].root)
        self.assertEqual(first.record, dogs[1].record | {key: first.record[key] for key in first.record})
        self.assertEqual((events[-1]["event"], events[-1]["status"]), ("end", "done"))
        self.assertEqual(str(dogs.create(self.one)), "dogs:1")  # nothing has changed
        self.assertEqual(str(dogs.create(self.one, force=True)), "dogs:2")
        self.assertEqual(list(dogs.create(self.one, exclude=["*", "!labels.csv"])), ["labels.csv"])
        self.assertEqual([version.number for version in dogs], [1, 2, 3])
        dogs.delete(2)
        self.assertEqual([version.number for version in dogs], [1, 3])
        with self.fails("not_found", "dogs:2"):
            dogs[2]

    def test_sources_that_look_like_options_are_sources(self):
        folder = os.path.join(self.work, "odd-sources")
        support.write(folder + "/--force", {"a": b"1"})
        before = os.getcwd()
        os.chdir(folder)
        try:
            self.assertEqual(list(api.datastore("odd").create("--force", message="--name=x")), ["a"])
        finally:
            os.chdir(before)
        self.assertEqual(api.datastore("odd").latest.message, "--name=x")

    def test_what_fails_is_the_sentence_of_the_program(self):
        with self.fails("not_found", "no such file"):
            self.cats.create(self.work + "/none")
        os.makedirs(self.work + "/empty-source", exist_ok=True)
        with self.fails("not_found", "a version needs at least one file or folder"):
            api.datastore("none").create(self.work + "/empty-source")
        with self.fails("invalid_argument"):
            api.datastore("none").create(self.one, message="x" * 70_000)

    def test_an_interrupted_create_is_continued(self):
        folder = os.path.join(self.work, "interrupted")
        support.write(folder, {f"{i}.bin": os.urandom(4 << 20) for i in range(24)})
        script = ("import grid_datastores as grid, os, signal, sys\n"
                  "def stop(event):\n    if event['bytes_done']: os.kill(os.getpid(), signal.SIGINT)\n"
                  "try: grid.datastore('slow').create(sys.argv[1], progress=stop)\n"
                  "except KeyboardInterrupt: print('stopped')\nelse: print('done')")
        done = subprocess.run([sys.executable, "-c", script, folder], text=True, capture_output=True, check=False)
        self.assertIn(done.stdout, ("stopped\n", "done\n"), done.stderr)
        self.assertEqual(len(api.datastore("slow").create(folder)), 24)

    def test_a_terminal_gets_a_bar_and_a_pipe_nothing(self):
        import pty

        script = "import grid_datastores as grid, sys; grid.datastore('bar').create(sys.argv[1], force=True)"
        main, other = pty.openpty()
        done = subprocess.Popen([sys.executable, "-c", script, self.one], stderr=other, stdout=subprocess.PIPE)
        os.close(other)
        shown = b""
        try:
            while True:
                piece = os.read(main, 4096)
                if not piece:
                    break
                shown += piece
        except OSError:
            pass
        self.assertEqual((done.wait(), done.stdout.read()), (0, b""))
        done.stdout.close()
        os.close(main)
        self.assertIn(b"bar", shown)
        self.assertTrue(shown.endswith(b"\n"))
        quiet = subprocess.run([sys.executable, "-c", script, self.one], capture_output=True, check=True)
        self.assertEqual((quiet.stdout, quiet.stderr), (b"", b""))


class Checked(HTMLParser):
    """Collects the tags, and that they close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


class Notebook(GridTest):
    allowed = {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td", "progress"}

    def shown(self, thing):
        text = thing._repr_html_()
        text.encode("utf-8")
        found = Checked(text)
        self.assertEqual(set(found.tags) - self.allowed, set())
        return found.text

    def test_objects_are_tables_in_which_nothing_runs(self):
        hostile = os.path.join(self.work, "hostile")
        support.write(hostile, {"<script>alert(1)</script>".replace("/", "|"): b"1", "bad\udcff": b"2"})
        before = api.datastore("evil").create(hostile, message="<img src=x onerror=alert(1)>")
        os.rename(os.path.join(hostile, "bad\udcff"), os.path.join(hostile, "<b>\udcfe"))
        support.write(hostile, {"<i>": b"3"})
        after = api.datastore("evil").create(hostile)
        self.assertIn("all <b>cats</b>", self.shown(self.cats))
        self.assertIn("<img src=x onerror=alert(1)>", self.shown(before))
        self.assertIn("<i>", self.shown(before.diff(after)))
        self.assertIn("evil", self.shown(api.store()))
        self.assertIn("no datastore dogs", self.shown(api.datastore("dogs")))
        many = os.path.join(self.work, "many")
        support.write(many, {f"{i}": b"x" for i in range(80)})
        first = api.datastore("many").create(many)
        support.write(many, {f"{i}": b"yy" for i in range(80)})
        self.assertIn("and 30 more", self.shown(first.diff(api.datastore("many").create(many))))

    def test_a_notebook_gets_a_bar_that_is_updated(self):
        """IPython as it looks from outside, in a process of its own."""
        script = ("import sys, types\n"
                  "class ZMQInteractiveShell: pass\n"
                  "class Handle:\n    def update(self, bar): print(bar._repr_html_())\n"
                  "module = types.ModuleType('IPython'); module.get_ipython = ZMQInteractiveShell\n"
                  "module.display = types.SimpleNamespace(display=lambda bar, display_id: print(bar._repr_html_()) or Handle())\n"
                  "sys.modules['IPython'] = module\n"
                  "import grid_datastores as grid\n"
                  "grid.datastore('note').create(sys.argv[1])")
        done = subprocess.run([sys.executable, "-c", script, self.one], capture_output=True, text=True, check=True)
        self.assertIn('<progress value="1.0000"></progress> note', done.stdout)
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
