"""Datastores, versions, names and digests through a shared local server."""
import os
import pickle
import unittest

import support
from support import GridTest, grid

import grid_datastores as api


class Datastores(GridTest):
    def test_a_datastore_says_what_it_has(self):
        self.assertEqual([str(version) for version in self.cats.versions], ["cats:1", "cats:2"])
        self.assertEqual((str(self.cats.latest), len(self.cats)), ("cats:2", 2))
        self.assertEqual(self.cats.description, "all <b>cats</b>")
        self.assertEqual([one["name"] for one in api.datastores()], ["cats"])
        self.assertEqual((self.cats[1].message, self.cats["latest"].message), ("the first", "the second"))
        self.assertEqual(str(api.version("cats")), "cats:2")
        self.assertEqual(str(api.version("cats:1")), "cats:1")

    def test_a_tag_stands_for_a_version(self):
        grid("datastore", "tag", "cats:1", "best")
        self.assertEqual(str(api.version("cats@best")), "cats:1")
        self.assertEqual(str(self.cats["@best"]), "cats:1")
        grid("datastore", "tag", "cats", "--delete", "best")
        with self.fails("not_found", "no tag best"):
            api.version("cats@best")
        for wrong in ("cats@", "cats@Best", "cats@a/b"):
            with self.fails("invalid_argument", "no version"):
                api.version(wrong)
        with self.fails("invalid_argument", "by its number"):
            self.cats.delete("@best")

    def test_a_description_is_kept(self):
        before = self.cats.description
        self.cats.description = "ünï"
        self.assertEqual(grid("datastore", "describe", "cats").strip(), "ünï")
        self.cats.description = before

    def test_what_is_not_there_is_an_error_of_its_kind(self):
        with self.fails("not_found", "dogs") as expected:
            api.datastore("dogs").latest
        self.assertIsInstance(expected.failure, FileNotFoundError)
        with self.fails("not_found", "cats:9", "cats has 1, 2"):
            self.cats[9]
        for wrong in ("Cats", "", "a/b", "../x", "x" * 64, "ca ts", "cäts"):
            with self.fails("invalid_argument", "no name of a datastore"):
                api.datastore(wrong)
        for wrong in (0, -1, "01", "x", "1/files", True, 1.5, "٣"):
            with self.fails("invalid_argument", "no version"):
                self.cats[wrong]

    def test_errors_survive_pickling(self):
        with self.fails("not_found") as expected:
            self.cats[1].read_bytes("nope")
        again = pickle.loads(pickle.dumps(expected.failure))
        self.assertEqual((type(again), again.kind, str(again), again.errno),
                         (type(expected.failure), "not_found", "cats:1 has no nope", 2))

    def test_the_record_is_that_of_the_command(self):
        import json

        shown = json.loads(grid("datastore", "show", "cats:1", "-o", "json"))["versions"][0]
        self.assertEqual(self.cats[1].record, shown)
        self.assertEqual(self.cats[1].size, shown["bytes"])

    def test_objects_are_equal_and_can_be_pickled(self):
        for thing in (self.cats, self.cats[1], self.cats.store, self.cats[1].info("zero")):
            again = pickle.loads(pickle.dumps(thing))
            self.assertEqual(again, thing)
        self.assertNotEqual(self.cats[1], self.cats[2])
        self.assertIs(pickle.loads(pickle.dumps(self.cats.store)), self.cats.store)


class Names(GridTest):
    def expected(self):
        """(path, whether it is a folder) of everything below the source."""
        found = {}
        for folder, folders, files in os.walk(self.one):
            for name in folders + files:
                place = os.path.join(folder, name)
                found[os.path.relpath(place, self.one)] = os.path.isdir(place) and not os.path.islink(place)
        return found

    def test_find_walk_and_len_are_those_of_the_source(self):
        version = self.cats[1]
        self.assertEqual({entry.path: entry.is_folder for entry in version.find()}, self.expected())
        self.assertEqual(len(version), len(list(version)))
        walked = {folder: (sorted(folders), sorted(files)) for folder, folders, files in version.walk()}
        source = {}
        for folder, folders, files in os.walk(self.one):
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            inside = os.path.relpath(folder, self.one)
            source["" if inside == "." else inside] = (sorted(set(folders) - set(links)), sorted(files + links))
        self.assertEqual(walked, source)

    def test_folders_left_out_of_a_walk_are_not_walked(self):
        seen = []
        for folder, folders, _ in self.cats[1].walk():
            seen.append(folder)
            folders[:] = [name for name in folders if name not in ("sub", "odd")]
        self.assertEqual(seen, ["", "empty", "small", "sub.x"])

    def test_entries_have_what_the_source_has(self):
        for entry in self.cats[1].find():
            status = os.lstat(os.path.join(self.one, entry.path))
            if not entry.is_folder:
                self.assertEqual(entry.mtime_ns, status.st_mtime_ns, entry.path)
            if entry.is_file:
                self.assertEqual(entry.size, status.st_size, entry.path)
        self.assertEqual(self.cats[1].info("dangling", follow=False).target, "nowhere")

    def test_hostile_names_are_found_listed_and_read(self):
        version = self.cats[1]
        self.assertEqual(sorted(entry.name for entry in version.entries("odd")), sorted(support.HOSTILE))
        fresh = self.cats[1]  # knows no names yet
        for name in support.HOSTILE:
            self.assertEqual(fresh.info(f"odd/{name}").size, len(os.fsencode(name)), repr(name))
            self.assertTrue(fresh.exists(os.fsencode(f"odd/{name}")))
            self.assertEqual(fresh.read_bytes(f"odd/{name}"), os.fsencode(name), repr(name))
            self.assertTrue(fresh.digest(f"odd/{name}"))
        self.assertFalse(fresh.exists("odd/[x]*?name"))
        self.assertFalse(fresh.exists("odd/bad\udcff"))

    def test_paths_that_are_none_are_refused(self):
        for wrong in ("../x", "a/../b", "a\0b"):
            with self.fails("invalid_argument", "no path in a version"):
                self.cats[1].read_bytes(wrong)
        self.assertEqual(self.cats[1].read_bytes("//sub/./deep//er/x.txt/"), b"deep")

    def test_symbolic_links_are_followed_inside_the_version(self):
        version = self.cats[1]
        self.assertEqual(version.read_bytes("sub/link"), b"deep")
        self.assertEqual(version.read_bytes("sub/folder-link/er/x.txt"), b"deep")
        self.assertEqual(version.read_bytes("up"), self.content("labels.csv"))
        self.assertEqual(version.info("sub/folder-link/er").kind, "folder")
        self.assertEqual([entry.name for entry in version.entries("sub/folder-link/er")], ["x.txt"])
        self.assertEqual([entry.path for entry in version.find("sub/folder-link")],
                         [entry.path for entry in version.find("sub/deep")])
        self.assertEqual(list(version.walk("sub/folder-link")), list(version.walk("sub/deep")))
        for path in ("dangling", "outside", "loop", "loop/x", "sub/folder-link/none"):
            self.assertFalse(version.exists(path), path)
            with self.fails("not_found", path):
                version.read_bytes(path)

    def test_globs_are_those_of_python(self):
        import glob

        version = self.cats[1]
        for pattern in ("*", "*.csv", "small/00?.bin", "small/[0-1]*5.bin", "small/[!0]*.bin", "sub/*/er/*", "*/*.txt",
                        "**/*.txt", "sub/**/x.txt", "sub/o*", "none/*", "labels.csv", "odd/*.txt", "odd/[[]*"):
            found = sorted(version.glob(pattern))
            # Python's glob follows links to folders in ** and skips dots; the data has no such dots.
            expected = sorted(path for path in glob.glob(pattern, root_dir=self.one, recursive=True)
                              if "folder-link/" not in path)
            self.assertEqual(found, expected, pattern)
        self.assertEqual(version.glob("SMALL/*"), [])
        self.assertEqual(len(version.glob("**")), len(list(version.find())))

    def test_many_names_are_one_request_each_and_then_none(self):
        version = self.cats[1]
        version.record
        smalls = [f"small/{i:03}.bin" for i in range(300)]
        count = lambda: version.store._connection.request_count
        for ask in (lambda: version.entries("small"), lambda: list(version.find()), lambda: version.exists("sub/none"),
                    lambda: version.info("zero"), lambda: version.glob("small/*"), lambda: version.read_bytes("zero"),
                    lambda: version.open("sub/one.txt").read(), lambda: list(version.read_many(smalls))):
            before = count()
            ask()
            self.assertLessEqual(count() - before, 1)
        before = count()
        version.info("small/004.bin"), version.exists("small/none"), version.exists("sub/none"), version.info("zero")
        self.assertEqual(count() - before, 0)

    def test_many_names_come_in_pages(self):
        """More names than an answer has, in a folder and in all; also if the process forks in the middle."""
        from grid_datastores import _names

        version = self.cats[1]
        everything, small = list(version.find()), version.entries("small")
        before, _names.PAGE = _names.PAGE, 7
        try:
            fresh = self.cats[1]
            self.assertEqual(list(fresh.find()), everything)
            self.assertEqual(fresh.entries("small"), small)
            self.assertEqual(len(fresh.glob("small/*")), 300)
            self.assertEqual([change.path for change in self.cats[1].diff(2)],
                             [change.path for change in version.diff(2)])
            entries = fresh.find()
            head = [next(entries) for _ in range(10)]
            if os.fork() == 0:
                os._exit(0 if head + list(entries) == everything else 1)
            self.assertEqual(os.waitpid(-1, 0)[1], 0)
            self.assertEqual(head + list(entries), everything)
        finally:
            _names.PAGE = before

    def test_digests_name_the_content(self):
        version = self.cats[1]
        self.assertEqual(version.digest(), version.root)
        self.assertEqual(version.digest("sub/link"), version.digest("sub/deep/er/x.txt"))
        self.assertEqual(version.digest("small/000.bin"), self.cats[2].digest("renamed.bin"))
        self.assertNotEqual(version.digest("labels.csv"), self.cats[2].digest("labels.csv"))
        self.assertEqual(version.digest("zero"), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")

    def test_a_diff_says_what_changed(self):
        diff = self.cats[1].diff(self.cats[2])
        self.assertEqual(diff.totals, {"added": 1, "removed": 1, "changed": 2, "renamed": 1})
        self.assertEqual([change.path for change in diff.added], ["new.txt"])
        self.assertEqual([change.path for change in diff.removed], ["small/001.bin"])
        self.assertEqual([(c.old_path, c.path) for c in diff.renamed], [("small/000.bin", "renamed.bin")])
        self.assertEqual([(c.path, c.new_size) for c in diff.changed], [("labels.csv", 15), ("small", 0)])
        self.assertEqual((len(diff), len(list(diff))), (5, 5))
        self.assertEqual(len(self.cats[1].diff(1)), 0)
        with self.fails("invalid_argument"):
            self.cats[1].diff(api.Version(self.cats.store, "dogs", 1))


if __name__ == "__main__":
    unittest.main()
