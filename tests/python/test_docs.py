"""Every snippet of docs/python.md is run, in the order of the page, as a reader would."""
import contextlib
import io
import os
import re
import subprocess
import sys
import unittest

import support
from support import GridTest, Server


def snippets():
    """(heading, code) of each Python block of the page."""
    found, heading = [], ""
    text = (support.ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    for match in re.finditer(r"^#+ ([^\n]*)$|^```python\n(.*?)^```$", text, re.M | re.S):
        if match[1]:
            heading = match[1]
        else:
            found.append((heading, match[2]))
    return found


class Page(GridTest):
    def test_every_snippet_runs(self):
        images = {f"images/{label}/{i}.jpg": b"jpg%d" % i for label in ("cat", "dog") for i in range(3)}
        support.write(self.work + "/page", {**images, "labels.csv": b"name,label\n0.jpg,cat\n"})
        os.environ["GRID_STORE"] = self.work + "/page-store"
        support.grid("datastore", "create", self.work + "/page", "--name=cats", "-q")
        support.write(self.work + "/page", {"images/dog/9.jpg": b"new"})
        support.grid("datastore", "create", self.work + "/page", "--name=cats", "-q")
        support.write(self.work + "/more", {"x.txt": b"x"})
        os.chdir(self.work)
        self.addCleanup(os.chdir, "/")
        found = snippets()
        self.assertEqual([heading for heading, _ in found],
                         ["Looking", "Reading", "Reading", "Making versions", "From a server", "Training", "Runs", "Runs",
                          "What fails"])
        script = found.pop(7)[1]
        with open("train.py", "w", encoding="utf-8") as file:
            file.write(script)
        with Server() as server:
            for heading, code in found:
                with self.subTest(heading=heading):
                    self.run_snippet(heading, code, server)

    names: dict = {}

    def run_snippet(self, heading, code, server):
        if heading == "From a server":
            code = code.replace("https://data.example.com", server.url).replace('token="…"', f'token="{server.token}"')
            self.assertIn(server.token, code)
        if heading == "Reading" and "import pandas" in code:
            self.needs("pandas", "fsspec")
            import fsspec

            fsspec.register_implementation("grid", "grid_datastores.filesystem.GridFileSystem", clobber=True)
        if heading in ("Reading", "Training", "Runs") and not os.access("/dev/fuse", os.W_OK):
            self.skipTest("there is no /dev/fuse here")
        if heading == "Training":
            self.needs("torch")
            self.names["transform"] = None
        if heading == "Runs":
            os.makedirs("bin", exist_ok=True)
            os.symlink(sys.executable, "bin/python3")
            os.environ["PATH"] = os.path.abspath("bin") + ":" + os.environ["PATH"]
            if subprocess.run([support.PROGRAM, "run", "-q", "true"], capture_output=True, check=False).returncode != 0:
                self.skipTest("this machine lets no run have mounts")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, f"docs/python.md: {heading}", "exec"), self.names)
        shown = out.getvalue()
        if heading == "What fails":
            self.assertEqual(shown.strip(), code.partition("# ")[2].split("# ")[1].strip())
        if heading == "Looking":
            self.assertIn("added images/dog/9.jpg", shown)
        if heading == "Runs":
            self.assertIn("done", shown)
            self.assertEqual(len(self.names["run"].metrics()), 10)
        if heading == "From a server":
            with open("cats/labels.csv", "rb") as file:
                self.assertEqual(file.read(), b"name,label\n0.jpg,cat\n")

    def needs(self, *names):
        import importlib

        for name in names:
            try:
                importlib.import_module(name)
            except ImportError:
                raise unittest.SkipTest(f"there is no {name} here: apt-get install python3-{name}") from None


if __name__ == "__main__":
    unittest.main()
