"""The package as it is installed: its types, what its import loads, and the wheels in a clean environment."""
import glob
import os
import re
import shutil
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
import zipfile

import support
from support import GridTest, Server


class Types(unittest.TestCase):
    def check(self, *what):
        if shutil.which("mypy") is None:
            self.skipTest("there is no mypy here: apt-get install mypy")
        done = subprocess.run(["mypy", "--strict", "--python-version", "3.9", "--cache-dir", os.devnull, *what], text=True,
                              capture_output=True, check=False, cwd=support.ROOT / "python")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_package_is_typed_strictly(self):
        self.check("grid_datastores")

    def test_a_user_gets_the_types(self):
        self.check("-c", """
import grid_datastores as grid
from typing import List
v: grid.Version = grid.datastore("cats")[3]
names: List[str] = v.glob("*") + [entry.path for entry in v.find()]
data: bytes = v.read_bytes("x", 0, 5)
changes: List[grid.Change] = v.diff(2).added
store: grid.Store = grid.connect("https://host", token="x")
sampler = grid.torch.AheadSampler([1, 2], ["a", "b"], ahead=5)
position: int = sampler.state_dict()["position"]
run = grid.this_run()
if run is not None:
    folder: str = run.artifacts
try:
    v.read_bytes("none")
except grid.GridError as error:
    kind: str = error.kind
""")


class Import(unittest.TestCase):
    def test_it_loads_next_to_nothing(self):
        """Milliseconds are measured in bench/; here, that nothing costly is among what is loaded."""
        script = ("import sys; before = set(sys.modules); import grid_datastores\n"
                  "print(sorted(set(sys.modules) - before))")
        done = subprocess.run([sys.executable, "-S", "-c", script], text=True, capture_output=True, check=True)
        self.assertEqual(done.stdout.strip(), "['__future__', 'grid_datastores']")

    def test_every_public_name_is_there(self):
        import grid_datastores

        for name in grid_datastores.__all__:
            self.assertIsNotNone(getattr(grid_datastores, name), name)
            self.assertIn(name, dir(grid_datastores))
        with self.assertRaises(AttributeError):
            grid_datastores.nonsense
        self.assertTrue(callable(grid_datastores.datastore) and callable(grid_datastores.run))

    def test_old_pythons_can_read_it(self):
        """Annotations aside, nothing is newer than Python 3.9: its grammar is checked, and what is imported."""
        import ast

        for file in glob.glob(str(support.ROOT / "python" / "**" / "*.py"), recursive=True):
            with open(file, encoding="utf-8") as text:
                source = text.read()
            tree = ast.parse(source, file, feature_version=(3, 9))
            self.assertFalse([node for node in ast.walk(tree) if isinstance(node, getattr(ast, "Match", ()))], file)
            self.assertTrue("from __future__ import annotations" in source or "|" not in source, file)
            self.assertLess(source.count("\n"), 500, file)


class Wheels(GridTest):
    def test_a_clean_environment_needs_the_file_alone(self):
        out = os.path.join(self.work, "wheels")
        script = str(support.ROOT / "scripts" / "build-wheel")
        built = subprocess.run([sys.executable, script, "--program", support.PROGRAM, "--out", out], text=True,
                               capture_output=True, check=False)
        if "which a machine may lack" in built.stderr:
            self.skipTest(f"only a release's program goes into a wheel: {built.stderr}")
        self.assertEqual(built.returncode, 0, built.stderr)
        [linux], [everywhere] = glob.glob(out + "/*manylinux*.whl"), glob.glob(out + "/*-any.whl")
        with zipfile.ZipFile(linux) as wheel:
            mode = wheel.getinfo("grid_datastores-0.1.0.data/scripts/grid").external_attr >> 16
            self.assertEqual(oct(mode), "0o100755")
        # The same again is the same, byte for byte.
        with open(linux, "rb") as file:
            before = file.read()
        subprocess.run([sys.executable, script, "--program", support.PROGRAM, "--out", out], capture_output=True, check=True)
        with open(linux, "rb") as file:
            self.assertTrue(file.read() == before)
        self.use(linux, """
import grid_datastores as grid, fsspec, sys, shutil
assert "site-packages" in grid.__file__, grid.__file__
v = grid.datastore("cats")[1]
assert v.read_bytes("zero") == b""
assert grid.datastore("wheel").create(sys.argv[1]).root == v.root
from grid_datastores._program import find_program
assert find_program().startswith(sys.prefix), find_program()
if fsspec: assert fsspec.filesystem("grid").cat_file("cats/1/sub/one.txt").startswith(b"one")
grid.store().close()
""")
        self.use(everywhere, """
import grid_datastores as grid, sys
try: grid.datastore("cats").latest
except grid.GridError as error: assert error.kind == "unsupported", error
else: raise AssertionError("there was a program")
""")

    def test_a_server_offers_the_package_to_pip(self):
        with Server(role="reader") as server:
            with urllib.request.urlopen(server.url + "/python/grid-datastores/") as page:
                [name] = re.findall(r'href="/python/grid-datastores/([^"#]*)#sha256=', page.read().decode())
            for path in ("/python/other/", "/python/grid-datastores/other.whl"):
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(server.url + path)
                self.assertEqual(refused.exception.code, 404)
            script = f"""
import grid_datastores as grid
assert "site-packages" in grid.__file__, grid.__file__
store = grid.connect({server.url!r}, token={server.token!r})
assert store.version("cats:1").read_bytes("sub/one.txt").startswith(b"one")
"""
            for words in (["--index-url", server.url + "/python/", "grid-datastores"],
                          [server.url + "/python/grid-datastores/" + name]):
                self.use(words, script)

    def test_the_debian_package_is_importable(self):
        if shutil.which("dpkg-deb") is None:
            self.skipTest("there is no dpkg-deb here")
        out = os.path.join(self.work, "deb")
        script = str(support.ROOT / "scripts" / "build-deb")
        subprocess.run([sys.executable, script, "--out", out], check=True, capture_output=True)
        [package] = glob.glob(out + "/python3-grid-datastores_*_all.deb")
        top = os.path.join(self.work, "root")
        for folder in ("info", "updates"):
            os.makedirs(f"{top}/var/lib/dpkg/{folder}")
        with open(top + "/var/lib/dpkg/status", "w"):
            pass
        # Debian's own installer, into a folder; the scripts of the package are for a whole system.
        done = subprocess.run(["dpkg", "--root=" + top, "--force-not-root", "--force-depends", "--unpack", package], text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("postinst", "prerm"):
            subprocess.run(["sh", "-n", f"{top}/var/lib/dpkg/info/python3-grid-datastores.{name}"], check=True)
        packages = top + "/usr/lib/python3/dist-packages"
        code = """
import importlib.metadata as metadata, sys, grid_datastores as grid
assert grid.__file__.startswith(sys.argv[1]), grid.__file__
assert metadata.version("grid-datastores") == grid.__version__
found = [point for point in metadata.distribution("grid-datastores").entry_points if point.name == "grid"]
assert found and found[0].value == "grid_datastores.filesystem:GridFileSystem", found
assert grid.datastore("cats")[1].read_bytes("sub/one.txt").startswith(b"one")
grid.store().close()
"""
        done = subprocess.run([sys.executable, "-c", code, packages], text=True, capture_output=True, check=False, cwd="/",
                              env={**os.environ, "PYTHONPATH": packages})
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def use(self, wheel, script):
        """Runs a script in an environment that has the wheel (or what these words have pip install) instead of the last
        one, fsspec where there is one, and no other grid."""
        words = ["--no-index", wheel] if isinstance(wheel, str) else wheel
        environment = os.path.join(self.work, "environment")
        if not os.path.exists(environment):
            made = subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", environment], text=True,
                                  capture_output=True, check=False)
            if made.returncode != 0:
                self.skipTest(f"no environment can be made here: apt-get install python3-venv: {made.stdout}{made.stderr}")
        clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "GRID_PROGRAM") and not name.startswith("PIP_")}
        clean["PATH"] = "/usr/bin:/bin"
        done = subprocess.run([environment + "/bin/pip", "install", "-q", "--disable-pip-version-check",
                               "--force-reinstall", "--no-compile", *words], text=True, capture_output=True, check=False, env=clean)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        script = script.replace("import grid_datastores as grid, fsspec,", "try: import fsspec\nexcept ImportError: "
                                "fsspec = None\nimport grid_datastores as grid,")
        done = subprocess.run([environment + "/bin/python", "-c", script, self.one], text=True, capture_output=True,
                              check=False, env=clean)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
