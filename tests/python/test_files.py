"""Reading files without a mount: whole, in parts, many at a time, as file objects."""
import csv
import io
import os
import pickle
import random
import unittest

from support import GridTest


class Files(GridTest):
    def test_every_file_is_read_as_it_is(self):
        version = self.cats[1]
        paths = list(version)
        for path in paths:
            self.assertEqual(version.read_bytes(path), self.content(path), path)
        self.assertEqual(list(version.read_many(paths)), [self.content(path) for path in paths])

    def test_parts_are_those_of_a_slice(self):
        version, content = self.cats[1], self.content("big.bin")
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        for _ in range(60):
            offset, size = chance.randrange(len(content) + 10), chance.choice([0, 1, 100, 70000, 1 << 21])
            self.assertEqual(version.read_bytes("big.bin", offset, size), content[offset:offset + size], f"seed {seed}")
        self.assertEqual(version.read_bytes("big.bin", 5), content[5:])
        for offset, size in ((len(content), 1), (1 << 62, 1 << 62), (1 << 63, 5), (1 << 80, None), (0, 0)):
            self.assertEqual(version.read_bytes("big.bin", offset, size), b"")
        self.assertEqual(version.read_bytes("big.bin", 3, 1 << 80), content[3:])
        for offset, size in ((0, None), (0, 1), (0, 0), (5, 5)):
            self.assertEqual(version.read_bytes("zero", offset, size), b"")
        for offset, size in ((-1, None), (0, -1)):
            with self.fails("invalid_argument", "at least 0"):
                version.read_bytes("zero", offset, size)

    def test_a_file_object_is_that_of_a_plain_file(self):
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        for path in ("big.bin", "labels.csv", "zero", "sub/one.txt"):
            plain, ours = io.BytesIO(self.content(path)), self.cats[1].open(path)
            size = len(plain.getvalue())
            self.assertEqual((ours.size, ours.readable(), ours.seekable(), ours.writable()), (size, True, True, False))
            for _ in range(300):
                call = chance.choice(["read", "readline", "seek", "end", "here", "readinto", "tell", "iterate", "all"])
                amount = chance.choice([0, 1, 7, 5000, 300_000, 3_000_000])

                def step(file):
                    if call == "read":
                        return file.read(amount)
                    if call == "all":
                        return file.read()
                    if call == "readline":
                        return file.readline(amount if amount > 7 else -1)
                    if call == "seek":
                        return file.seek(amount)
                    if call == "end":
                        return file.seek(-min(amount, size), io.SEEK_END)
                    if call == "here":
                        return file.seek(amount, io.SEEK_CUR)
                    if call == "readinto":
                        buffer = bytearray(amount)
                        return file.readinto(buffer), bytes(buffer)
                    if call == "iterate":
                        return [line for line, _ in zip(file, range(3))]
                    return file.tell()

                self.assertEqual(step(ours), step(plain), f"{path} {call} {amount} seed {seed}")
            ours.close()
            with self.assertRaises(ValueError):
                ours.read()

    def test_a_text_file_has_lines_and_an_encoding(self):
        version = self.cats[1]
        with version.open("labels.csv", "r") as ours:
            rows = list(csv.reader(ours))
        self.assertEqual((len(rows), rows[1]), (1001, ["00000.bin", "0"]))
        with version.open("sub/one.txt", "r") as ours, open(self.one + "/sub/one.txt", encoding="utf-8") as plain:
            self.assertEqual(list(ours), list(plain))
        with version.open("odd/ü€😀.txt", "r", encoding="latin-1") as ours:
            self.assertEqual(ours.read(), "ü€😀.txt".encode().decode("latin-1"))
        self.assertEqual(version.read_text("odd/ü€😀.txt"), "ü€😀.txt")

    def test_opening_a_small_file_is_one_request(self):
        version = self.cats[1]
        count = version.store._connection.request_count
        self.assertEqual(version.open("labels.csv").read(), self.content("labels.csv"))
        self.assertEqual(version.store._connection.request_count - count, 1)
        count = version.store._connection.request_count
        with version.open("big.bin") as file:
            while file.read(10_000):
                pass
        self.assertLessEqual(version.store._connection.request_count - count, 6)

    def test_writing_says_what_to_do_instead(self):
        for mode in ("w", "wb", "a", "r+", "rb+", "x"):
            with self.fails("unsupported", "never change", "create(folder)"):
                self.cats[1].open("labels.csv", mode)
        with self.assertRaises(OSError):
            self.cats[1].open("labels.csv").fileno()
        with self.assertRaises(OSError):
            self.cats[1].open("labels.csv").write(b"x")

    def test_what_is_no_file_is_an_error_of_its_class(self):
        for path, kind, text, error in (("none", "not_found", "has no none", FileNotFoundError),
                                        ("sub", "invalid_argument", "not a file but a folder", IsADirectoryError),
                                        ("", "invalid_argument", "not a file but a folder", IsADirectoryError),
                                        ("zero/x", "not_found", "zero/x", FileNotFoundError)):
            for read in (self.cats[1].open, self.cats[1].read_bytes, lambda p: list(self.cats[1].read_many([p]))):
                with self.fails(kind, text) as expected:
                    read(path)
                self.assertIsInstance(expected.failure, error)
        with self.fails("invalid_argument", "is not a folder") as expected:
            self.cats[1].entries("zero")
        self.assertIsInstance(expected.failure, NotADirectoryError)

    def test_an_open_file_is_pickled_with_its_place(self):
        file = self.cats[1].open("big.bin")
        file.seek(1234)
        again = pickle.loads(pickle.dumps(file))
        self.assertEqual(again.read(100), self.content("big.bin")[1234:1334])
        self.assertEqual(file.tell(), 1234)


class Damage(GridTest):
    def test_damage_is_an_error_and_no_bytes(self):
        packs = os.path.join(os.environ["GRID_STORE"], "packs")
        largest = max((os.path.join(folder, name) for folder, _, names in os.walk(packs) for name in names
                       if name.endswith(".data")), key=os.path.getsize)
        at = self.place_of(largest, self.content("big.bin")[100_000:100_064])
        os.chmod(largest, 0o600)
        with open(largest, "r+b") as pack:
            pack.seek(at)
            byte = pack.read(1)
            pack.seek(at)
            pack.write(bytes([byte[0] ^ 1]))
        os.environ["GRID_PATIENCE"] = "2"
        version = self.cats[1]
        with self.fails("corrupt", "big.bin"):
            version.read_bytes("big.bin", 100_000, 10)
        failures = (OSError,)
        with self.assertRaises(failures):
            version.read_bytes("big.bin")
        with self.assertRaises(failures):
            list(version.read_many(["zero", "big.bin"]))
        self.assertEqual(version.read_bytes("labels.csv"), self.content("labels.csv"))

    def place_of(self, pack, wanted):
        with open(pack, "rb") as file:
            found = file.read().find(wanted)
        self.assertGreater(found, 0, "the test's data is not stored raw")
        return found


if __name__ == "__main__":
    unittest.main()
