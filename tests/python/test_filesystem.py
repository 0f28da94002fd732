"""grid:// for fsspec, compared with fsspec's own local file system on the folder that the version was made of; and the
libraries that read through it. What fsspec's own conformance tests ask of reading is asked here of both."""
import os
import pickle
import shutil
import tempfile
import unittest

import support
from support import GridTest

try:
    import fsspec
    from fsspec.implementations.local import LocalFileSystem
except ImportError:
    raise unittest.SkipTest("there is no fsspec here: apt-get install python3-fsspec") from None

fsspec.register_implementation("grid", "grid_datastores.filesystem.GridFileSystem", clobber=True)


class FilesystemTest(GridTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The local file system's own ideas of links and pattern characters are left out of the comparison.
        cls.plain = os.path.join(cls.work, "plain")
        support.write(cls.plain, {path: content for path, content in cls.files.items()
                                  if not isinstance(content, str) and not path.startswith("odd/")})
        support.write(cls.plain, {"odd/ü€😀.txt": b"x", "odd/a b": b"y", "odd/#1%41": b"z"})
        support.grid("datastore", "create", cls.plain, "--name=plain", "-q")
        from grid_datastores.filesystem import GridFileSystem

        GridFileSystem.clear_instance_cache()

    def setUp(self):
        self.ours = fsspec.filesystem("grid", skip_instance_cache=True)
        self.local = LocalFileSystem()
        self.count = lambda: self.ours.store._connection.request_count

    def there(self, name):
        """A path of theirs as one of ours, and what is inside of other things likewise."""
        if isinstance(name, str):
            return name.replace(self.plain, "plain/1", 1)
        if isinstance(name, dict):
            return {self.there(key): self.there(value) for key, value in name.items()}
        if isinstance(name, (list, tuple)):
            return [self.there(one) for one in name]
        return name

    def same(self, call):
        """`call` gives the same of both, or raises the same class of error."""
        def outcome(files, top):
            try:
                return call(files, top)
            except OSError as failure:
                for kind in (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                    if isinstance(failure, kind):
                        return kind.__name__
                raise

        self.assertEqual(self.there(outcome(self.ours, "grid://plain/1")), self.there(outcome(self.local, self.plain)))


class Reading(FilesystemTest):
    def test_names_are_those_of_the_local_file_system(self):
        for path in ("", "/sub", "/sub/deep", "/empty", "/none", "/odd", "/small", "/sub/"):
            for call in (
                lambda fs, top: sorted(fs.ls(top + path, detail=False)),
                lambda fs, top: fs.find(top + path),
                lambda fs, top: fs.find(top + path, withdirs=True, maxdepth=1),
                lambda fs, top: fs.find(top + path, maxdepth=2),
                lambda fs, top: [fs.exists(top + path), fs.isfile(top + path), fs.isdir(top + path)],
                lambda fs, top: [fs.info(top + path)[key] for key in ("name", "type")],
                lambda fs, top: fs.du(top + path + "/deep") if path == "/sub" else fs.du(top + "/small"),
                lambda fs, top: sorted((folder, sorted(folders), sorted(files))
                                       for folder, folders, files in fs.walk(top + path) if path != "/none"),
                lambda fs, top: sorted((folder, sorted(folders), sorted(files)) for folder, folders, files
                                       in fs.walk(top + path, maxdepth=1) if path != "/none"),
            ):
                with self.subTest(path=path):
                    self.same(call)
        # The local file system of this fsspec refuses to list a file; others and later ones give the file.
        self.assertEqual(self.ours.ls("plain/1/zero", detail=False), ["plain/1/zero"])
        self.assertEqual(list(self.ours.walk("plain/1/zero")), [("plain/1/zero", [], [""])])

    def test_sizes_and_times_are_those_of_the_local_file_system(self):
        self.same(lambda fs, top: {name: [info["size"], info["type"]] for name, info
                                   in fs.find(top, detail=True).items()})
        for path in ("/zero", "/big.bin", "/sub"):
            self.same(lambda fs, top: [round(fs.info(top + path)["mtime"], 3), fs.info(top + path)["type"]])

    def test_globs_are_those_of_the_local_file_system(self):
        for pattern in ("/*", "/*.csv", "/small/00?.bin", "/sub/**", "/**/x.txt", "/sub/*/er", "/none*", "/none/*",
                        "/labels.csv", "/small/[0-1]0*.bin", "/odd/*", "/**", "/*/*"):
            with self.subTest(pattern=pattern):
                self.same(lambda fs, top: sorted(fs.glob(top + pattern)))

    def test_bytes_are_those_of_the_local_file_system(self):
        for path in ("/labels.csv", "/zero", "/odd/ü€😀.txt", "/odd/#1%41", "/none", "/sub"):
            for call in (
                lambda fs, top: fs.cat_file(top + path),
                lambda fs, top: fs.cat_file(top + path, start=3),
                lambda fs, top: fs.cat_file(top + path, start=-5),
                lambda fs, top: fs.cat_file(top + path, start=2, end=-2) if path != "/odd/#1%41" and "ü" not in path and path != "/zero" else b"",
                lambda fs, top: fs.cat_file(top + path, start=0, end=10),
                lambda fs, top: fs.head(top + path, 7),
                lambda fs, top: fs.tail(top + path, 7) if path != "/zero" else b"",
                lambda fs, top: fs.open(top + path).read(),
                lambda fs, top: fs.open(top + path, "rt", encoding="utf-8").readlines(),
            ):
                with self.subTest(path=path):
                    self.same(call)
        self.same(lambda fs, top: fs.cat([top + "/zero", top + "/labels.csv"]))
        self.same(lambda fs, top: fs.cat(top + "/small/*"))
        self.same(lambda fs, top: fs.cat(top + "/sub/deep", recursive=True) if fs is self.ours else
                  {f: fs.cat_file(f) for f in fs.find(top + "/sub/deep")})

    def test_many_ranges_come_at_once(self):
        paths, starts, ends = [], [], []
        for path, start, end in (("big.bin", 0, 10), ("big.bin", 3_000_000, 3_000_100), ("zero", 0, 5), ("big.bin", 5, 8),
                                 ("labels.csv", -4, None), ("big.bin", 5_000_000, 9_000_000), ("big.bin", 9, 9),
                                 ("labels.csv", 100_000_000, 100_000_010), *(("big.bin", i * 70_000, i * 70_000 + 9)
                                                                             for i in range(70))):
            paths.append(f"plain/1/{path}"), starts.append(start), ends.append(end)
        expected = [self.content(path[8:])[slice(start, end)] for path, start, end in zip(paths, starts, ends)]
        before = self.count()
        self.assertEqual(self.ours.cat_ranges(paths, starts, ends), expected)
        self.assertLessEqual(self.count() - before, 8)
        bad = self.ours.cat_ranges(["plain/1/zero", "plain/1/none"], 0, 5)
        self.assertEqual((bad[0], type(bad[1]).__name__), (b"", "NotFoundError"))
        whole = self.ours.cat_ranges(["plain/1/zero", "plain/1/none", "plain/1/sub", "plain/1/labels.csv"], None, None)
        self.assertEqual([type(one).__name__ for one in whole], ["bytes", "NotFoundError", "IsFolderError", "bytes"])
        with self.assertRaises(FileNotFoundError):
            self.ours.cat_ranges(["plain/1/none"], 0, 5, on_error="raise")
        self.assertEqual(set(self.ours.cat(["plain/1/zero", "plain/1/none"], on_error="omit")), {"plain/1/zero"})
        with self.assertRaises(FileNotFoundError):
            self.ours.cat(["plain/1/zero", "plain/1/none"])

    def test_every_call_is_one_request_at_most(self):
        calls = {
            "ls": lambda fs: fs.ls("plain/1/small"), "info": lambda fs: fs.info("plain/1/zero"),
            "exists": lambda fs: fs.exists("plain/1/none"), "isdir": lambda fs: fs.isdir("plain/1/sub"),
            "find": lambda fs: fs.find("plain/1"), "glob": lambda fs: fs.glob("plain/1/**/*.bin"),
            "walk": lambda fs: list(fs.walk("plain/1")), "du": lambda fs: fs.du("plain/1"),
            "cat_file": lambda fs: fs.cat_file("plain/1/big.bin", 5, 10), "ukey": lambda fs: fs.ukey("plain/1/zero"),
            "cat_ranges": lambda fs: fs.cat_ranges(["plain/1/big.bin"] * 9, [i * 100_000 for i in range(9)],
                                                   [i * 100_000 + 5 for i in range(9)]),
            "cat": lambda fs: fs.cat(["plain/1/zero", "plain/1/labels.csv"]),
            "open": lambda fs: fs.open("plain/1/labels.csv").read(),
        }
        for name, call in calls.items():
            files = fsspec.filesystem("grid", skip_instance_cache=True)
            before = self.count()
            call(files)
            self.assertEqual(self.count() - before, 1, name)

    def test_symbolic_links_are_what_they_lead_to(self):
        self.assertEqual(self.ours.cat_file("cats/1/sub/link"), b"deep")
        info = self.ours.info("cats/1/sub/link")
        self.assertEqual([info[key] for key in ("name", "type", "size", "islink", "destination")],
                         ["cats/1/sub/link", "file", 4, True, "deep/er/x.txt"])
        kinds = {name: info["type"] for name, info in self.ours.find("cats/1", detail=True).items()}
        self.assertEqual([kinds[f"cats/1/{name}"] for name in ("sub/folder-link", "dangling", "outside", "loop", "up")],
                         ["link"] * 4 + ["file"])
        self.assertFalse(self.ours.exists("cats/1/dangling"))
        self.assertEqual(self.ours.find("cats/1/sub/folder-link"), ["cats/1/sub/folder-link/er/x.txt"])
        self.assertEqual(self.ours.ls("cats/1/sub/folder-link", detail=False), ["cats/1/sub/folder-link/er"])

    def test_hostile_names_come_through(self):
        for name in support.HOSTILE:
            self.assertEqual(self.ours.cat_file(f"cats/1/odd/{name}"), os.fsencode(name), repr(name))
            self.assertEqual(self.ours.info(f"grid://cats/1/odd/{name}")["name"], f"cats/1/odd/{name}")
        self.assertEqual(len(self.ours.find("cats/1/odd")), len(support.HOSTILE))
        self.assertEqual(len(self.ours.cat("cats/1/odd", recursive=True)), len(support.HOSTILE))

    def test_above_the_versions_are_datastores(self):
        self.assertEqual(self.ours.ls("grid://", detail=False), ["cats", "plain"])
        self.assertEqual(self.ours.ls("grid://cats", detail=False), ["cats/1", "cats/2", "cats/latest"])
        self.assertEqual(self.ours.find("", maxdepth=2, withdirs=True)[:3], ["cats", "cats/1", "cats/2"])
        self.assertTrue(self.ours.isdir("cats"))
        self.assertFalse(self.ours.exists("dogs"))
        self.assertFalse(self.ours.exists("cats/9") or self.ours.exists("cats/x"))
        with self.fails("not_found", "dogs"):
            self.ours.ls("dogs")
        with self.fails("not_found", "cats:9"):
            self.ours.ls("cats/9/sub")
        with self.fails("not_found", "no version"):
            self.ours.cat_file("cats/labels.csv")
        with self.fails("invalid_argument", "grid://NAME/VERSION/path"):
            self.ours.cat_file("cats")

    def test_latest_is_one_version_until_the_cache_is_dropped(self):
        self.assertEqual(self.ours.cat_file("cats/latest/new.txt"), b"new")
        folder = os.path.join(self.work, "third")
        support.write(folder, {"new.txt": b"newer"})
        support.grid("datastore", "create", folder, "--name=cats", "-q")
        self.assertEqual(self.ours.cat_file("cats/latest/new.txt"), b"new")
        self.ours.invalidate_cache()
        self.assertEqual(self.ours.cat_file("cats/latest/new.txt"), b"newer")
        support.grid("datastore", "delete", "cats:3", "--yes")

    def test_keys_are_those_of_the_content(self):
        self.assertEqual(self.ours.ukey("cats/1/zero"), self.ours.ukey("plain/1/zero"))
        self.assertNotEqual(self.ours.checksum("cats/1/labels.csv"), self.ours.checksum("cats/2/labels.csv"))
        self.assertEqual(self.ours.ukey("cats/1"), self.cats[1].root)
        self.assertNotEqual(self.ours.ukey("cats/1/sub"), self.ours.ukey("cats/1/empty"))
        self.assertEqual(self.ours.modified("cats/1/zero").timestamp(),
                         os.stat(self.one + "/zero").st_mtime_ns // 1000 / 1e6)

    def test_writing_says_that_versions_never_change(self):
        import errno

        fs = self.ours
        target = "grid://cats/3/x"
        for call in (lambda: fs.open(target, "wb"), lambda: fs.pipe_file(target, b""), lambda: fs.pipe(target, b""),
                     lambda: fs.rm("grid://cats/1/zero"), lambda: fs.rm_file("grid://cats/1/zero"),
                     lambda: fs.mkdir(target), lambda: fs.makedirs(target), lambda: fs.rmdir(target),
                     lambda: fs.touch(target), lambda: fs.cp_file("cats/1/zero", target), lambda: fs.mv("a", target),
                     lambda: fs.copy("a", target), lambda: fs.put(self.one, target), lambda: fs.put_file("x", target),
                     lambda: fs.open(target, "ab")):
            with self.fails("unsupported", "never change", "grid.datastore('cats').create(folder)") as expected:
                call()
            self.assertEqual(expected.failure.errno, errno.EROFS)

    def test_folders_are_fetched(self):
        to = tempfile.mkdtemp(dir=self.work)
        self.ours.get("plain/1/sub", to + "/a", recursive=True)
        self.local.get(self.plain + "/sub", to + "/b", recursive=True)
        found = [sorted((os.path.relpath(os.path.join(folder, name), to + top), open(os.path.join(folder, name), "rb")
                         .read()) for folder, _, names in os.walk(to + top) for name in names) for top in ("/a", "/b")]
        self.assertEqual(found[0], found[1])
        self.ours.get("plain/1/big.bin", to + "/big")
        with open(to + "/big", "rb") as file:
            self.assertEqual(file.read(), self.content("big.bin"))
        shutil.rmtree(to)

    def test_it_is_pickled_and_cached_by_its_arguments(self):
        again = pickle.loads(pickle.dumps(self.ours))
        self.assertEqual(again.cat_file("cats/1/zero"), b"")
        self.assertIs(fsspec.filesystem("grid"), fsspec.filesystem("grid"))
        with fsspec.open("grid://cats/1/labels.csv", "rt") as file:
            self.assertEqual(file.readline(), "name,label\n")
        opened = pickle.loads(pickle.dumps(fsspec.open("grid://cats/1/labels.csv", "rb")))
        with opened as file:
            self.assertEqual(file.read(4), b"name")
        self.assertEqual(fsspec.get_mapper("grid://cats/1/sub")["deep/er/x.txt"], b"deep")
        self.assertEqual(len(fsspec.get_mapper("grid://cats/1/small")), 300)
        with self.assertRaises(KeyError):
            fsspec.get_mapper("grid://cats/1/sub")["none"]


class Libraries(FilesystemTest):
    def needs(self, name):
        import importlib

        try:
            return importlib.import_module(name)
        except ImportError:
            raise unittest.SkipTest(f"there is no {name} here: apt-get install python3-{name}") from None

    def made(self, name, make):
        """A version of what `make` writes to a folder; the reference to it."""
        folder = os.path.join(self.work, "made-" + name)
        os.makedirs(folder)
        make(folder)
        support.grid("datastore", "create", folder, f"--name={name}", "-q")
        return f"grid://{name}/1"

    def test_pandas_reads_a_table(self):
        pandas = self.needs("pandas")
        self.assertTrue(pandas.read_csv("grid://cats/1/labels.csv").equals(pandas.read_csv(self.one + "/labels.csv")))
        with self.assertRaises(FileNotFoundError):
            pandas.read_csv("grid://cats/1/none.csv")
        with self.assertRaises(OSError):
            pandas.DataFrame({"a": [1]}).to_csv("grid://cats/3/x.csv")
        if pandas.__version__ < "2":
            where = self.made("tables", lambda folder: pandas.DataFrame({"a": range(1000)}).to_pickle(folder + "/t.pkl"))
            self.assertEqual(pandas.read_pickle(where + "/t.pkl")["a"].sum(), 499500)

    def test_dask_reads_many_tables(self):
        self.needs("dask")
        frames = self.needs("dask.dataframe")
        bag = self.needs("dask.bag")

        def make(folder):
            for part in range(4):
                support.write(folder, {f"{part}.csv": b"a,b\n" + b"".join(b"%d,%d\n" % (part, i) for i in range(5000))})

        where = self.made("parts", make)
        table = frames.read_csv(where + "/*.csv", blocksize=5_000)
        self.assertGreater(table.npartitions, 4)
        self.assertEqual((len(table), table.b.sum().compute(scheduler="threads")), (20000, 4 * sum(range(5000))))
        self.assertEqual(table.a.sum().compute(scheduler="processes", num_workers=2), 30000)
        self.assertEqual(bag.read_text(where + "/*.csv").count().compute(scheduler="threads"), 20004)

    def test_h5py_reads_a_file_object(self):
        h5py, numpy = self.needs("h5py"), self.needs("numpy")
        data = numpy.random.rand(300, 400)

        def make(folder):
            with h5py.File(folder + "/x.h5", "w") as file:
                file.create_dataset("d", data=data, chunks=(50, 50), compression="gzip")

        where = self.made("hdf", make)
        with fsspec.open(where + "/x.h5") as opened, h5py.File(opened, "r") as file:
            self.assertTrue((file["d"][100:200, 7] == data[100:200, 7]).all())
            self.assertTrue((file["d"][:] == data).all())

    def test_xarray_reads_netcdf(self):
        xarray = self.needs("xarray")
        self.needs("scipy")
        made = xarray.Dataset({"t": (("x", "y"), [[1.0, 2.0], [3.0, 4.0]])}, coords={"x": [10, 20]})
        where = self.made("netcdf", lambda folder: made.to_netcdf(folder + "/a.nc", engine="scipy"))
        with fsspec.open(where + "/a.nc") as file, xarray.open_dataset(file, engine="scipy") as found:
            self.assertTrue(found.equals(made))

    def test_zarr_and_xarray_read_arrays(self):
        zarr, numpy = self.needs("zarr"), self.needs("numpy")
        data = numpy.arange(10_000).reshape(100, 100)
        where = self.made("arrays", lambda folder: zarr.save(folder + "/z", data))
        array = zarr.open(fsspec.get_mapper(where + "/z"), mode="r")
        self.assertTrue((array[:] == data).all())
        self.assertEqual(array[5, 7], 507)
        xarray = self.needs("xarray")
        made = xarray.Dataset({"t": (("x", "y"), data)})
        where = self.made("sets", lambda folder: made.to_zarr(folder + "/z", consolidated=True))
        with xarray.open_zarr(where + "/z", consolidated=True) as found:
            self.assertTrue(found.t.values.sum() == data.sum())


if __name__ == "__main__":
    unittest.main()
