"""The sampler that reads ahead, and image folders: without PyTorch as far as that goes, and with it."""
import os
import pickle
import random
import signal
import struct
import sys
import threading
import unittest
import zlib

import support
from support import GridTest, Server

import grid_datastores as api
from grid_datastores import _ahead
from grid_datastores import torch as ours


def png(level):
    def part(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0))
            + part(b"IDAT", zlib.compress((b"\0" + bytes([level]) * 4) * 4)) + part(b"IEND", b""))


class Sampler(unittest.TestCase):
    """What needs neither PyTorch nor a mount: files in a folder."""

    def setUp(self):
        self.read = []
        self.lock = threading.Lock()
        self.before = _ahead.bring_near

        def note(path):
            with self.lock:
                self.read.append(int(path))
            if path == "13":
                raise OSError("of no interest")

        _ahead.bring_near = note
        self.addCleanup(setattr, _ahead, "bring_near", self.before)
        self.paths = [str(i) for i in range(1000)]

    def order(self, seed=1):
        return random.Random(seed).sample(range(1000), 1000)

    def wait_for(self, count):
        for _ in range(400):
            with self.lock:
                if len(self.read) >= count:
                    return
            threading.Event().wait(0.005)
        self.fail(f"{len(self.read)} of {count} were read ahead")

    def test_the_order_is_that_of_the_other_sampler(self):
        for ahead in (1, 7, 1000, 5000):
            self.assertEqual(list(ours.AheadSampler(self.order(), self.paths, ahead=ahead)), self.order())
        self.assertEqual(len(ours.AheadSampler(self.order(), self.paths)), 1000)
        self.assertEqual(list(ours.AheadSampler([], self.paths)), [])
        with self.assertRaises(api.GridError):
            ours.AheadSampler([], [], ahead=0)

    def test_so_many_files_are_read_before_their_turn_and_no_more(self):
        given = iter(ours.AheadSampler(self.order(), self.paths, ahead=100))
        self.assertEqual(next(given), self.order()[0])
        self.wait_for(99)
        self.assertLessEqual(set(self.read), set(self.order()[:100]))
        for _ in range(500):
            next(given)
        threading.Event().wait(0.05)
        self.assertLessEqual(set(self.read), set(self.order()[:601]))
        given.close()
        for _ in range(200):
            if not [thread for thread in threading.enumerate() if thread.name == "grid-ahead"]:
                break
            threading.Event().wait(0.01)
        self.assertEqual([thread for thread in threading.enumerate() if thread.name == "grid-ahead"], [])

    def test_an_epoch_goes_on_where_it_was(self):
        class Shuffled:
            epoch = 0

            def set_epoch(self, epoch):
                self.epoch = epoch

            def __iter__(self):
                return iter(random.Random(self.epoch).sample(range(1000), 1000))

            def __len__(self):
                return 1000

        sampler = ours.AheadSampler(Shuffled(), self.paths, ahead=50)
        sampler.set_epoch(3)
        given = iter(sampler)
        head = [next(given) for _ in range(123)]
        state = pickle.loads(pickle.dumps(sampler.state_dict()))
        again = ours.AheadSampler(Shuffled(), self.paths, ahead=50)
        again.load_state_dict(state)
        self.assertEqual(head + list(again), list(random.Random(3).sample(range(1000), 1000)))
        self.assertEqual(len(list(again)), 1000)  # the next epoch is whole
        self.assertEqual(again.state_dict()["position"], 0)

    def test_files_are_brought_into_memory(self):
        import tempfile

        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x" * 100_000)
            file.flush()
            self.before(file.name)
        with self.assertRaises(FileNotFoundError):
            self.before("/none")


class FarStore(GridTest):
    """A store behind a server, mounted: what the sampler gave is here when the server is gone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not os.access("/dev/fuse", os.W_OK):
            raise unittest.SkipTest("there is no /dev/fuse here")

    def test_what_was_expected_is_read_without_the_store(self):
        with Server(store=os.environ["GRID_STORE"]) as server:
            far = api.connect(server.url, token=server.token)
            version = far.version("cats:1")
            small = version.glob("small/*")
            paths = [version.path(path) for path in small]
            self.assertEqual(_ahead.Places().find(paths[7]), (version, small[7]))
            self.assertIsNone(_ahead.Places().find("/etc/passwd"))
            given = iter(ours.AheadSampler(range(len(paths)), paths, ahead=len(paths)))
            self.assertEqual(next(given), 0)
            for _ in range(400):  # the hint has come, once its threads have nothing left to do
                if self.is_near(version):
                    break
                threading.Event().wait(0.05)
            os.kill(server.process.pid, signal.SIGSTOP)
            try:
                for path in paths:
                    with open(path, "rb") as file:
                        self.assertEqual(file.read(), self.content("small/" + os.path.basename(path)))
                self.assertEqual([0, *given], list(range(len(paths))))
            finally:
                os.kill(server.process.pid, signal.SIGCONT)
            far.close(), api.store().close()
            self.assertEqual(self.still_there(60), "")

    def is_near(self, version):
        return version.expect(version.glob("small/*")) > 0

    def test_files_of_a_local_store_are_only_read_into_memory(self):
        version = self.cats[1]
        paths = [version.path(path) for path in version.glob("small/*")]
        told = []
        before = _ahead.AheadReader._expect
        _ahead.AheadReader._expect = lambda reader, batch: (told.append(len(batch)), before(reader, batch))
        self.addCleanup(setattr, _ahead.AheadReader, "_expect", before)
        version.store._connection.request_count = 0
        self.assertEqual(len(list(ours.AheadSampler(range(len(paths)), paths, ahead=64))), len(paths))
        self.assertGreater(sum(told), 0)
        self.assertEqual(version.store._connection.request_count, 0)


class Images(GridTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not os.access("/dev/fuse", os.W_OK):
            raise unittest.SkipTest("there is no /dev/fuse here")
        cls.pets = os.path.join(cls.work, "pets")
        support.write(cls.pets, {f"train/{label}/{extra}{i}.{ending}": png(i) for label in ("cat", "dog", "owl")
                                 for extra in ("", "b/", "a.x/") for i in range(12) for ending in ("png", "PNG")})
        support.write(cls.pets, {"train/readme.txt": b"no image", "train/cat/notes.txt": b"none", "bad/only/x.txt": b""})
        support.grid("datastore", "create", cls.pets, "--name=pets", "-q")
        cls.version = api.version("pets:1")

    def test_classes_and_samples_are_named(self):
        data = ours.ImageFolder(self.version, "train", loader=lambda path: os.path.getsize(path))
        self.assertEqual((data.classes, len(data)), (["cat", "dog", "owl"], 216))
        self.assertEqual(data.paths[0], self.version.path("train/cat/0.PNG"))
        self.assertEqual(data[0], (len(png(0)), 0))
        self.assertEqual(pickle.loads(pickle.dumps(ours.ImageFolder(self.version, "train"))).paths, data.paths)
        with self.fails("not_found", "pets:1/bad has no images in only"):
            ours.ImageFolder(self.version, "bad")
        with self.fails("not_found"):
            ours.ImageFolder(self.version, "none")

    def test_it_is_torchvisions(self):
        self.needs_torch()
        import torchvision

        theirs = torchvision.datasets.ImageFolder(self.version.path("train"))
        data = ours.ImageFolder(self.version, "train")
        self.assertEqual((data.classes, data.class_to_idx, data.samples, data.targets),
                         (theirs.classes, theirs.class_to_idx, theirs.samples, theirs.targets))
        self.assertEqual(list(data[5][0].getdata()), list(theirs[5][0].getdata()))

    def test_loaders_get_the_same_with_any_number_of_workers(self):
        torch = self.needs_torch()
        from torch.utils.data import DataLoader, DistributedSampler, RandomSampler
        from torchvision import transforms

        data = ours.ImageFolder(self.version, "train", transform=transforms.ToTensor())

        def epochs(sampler, workers, ahead):
            torch.manual_seed(5)
            taken = ours.AheadSampler(sampler(), data.paths, ahead=64) if ahead else sampler()
            loader = DataLoader(data, batch_size=16, sampler=taken, num_workers=workers,
                                persistent_workers=workers > 0)
            out = []
            for epoch in range(2):
                if hasattr(taken, "set_epoch"):
                    taken.set_epoch(epoch)
                out += [(images.sum().item(), labels.tolist()) for images, labels in loader]
            return out

        # A generator of its own: the default one also gives the seeds of workers.
        for sampler in (lambda: RandomSampler(data, generator=torch.Generator().manual_seed(5)),
                        lambda: DistributedSampler(data, num_replicas=2, rank=1, shuffle=True)):
            expected = epochs(sampler, 0, False)
            for workers in (0, 2, 8) if os.environ.get("GRID_SLOW") else (0, 2):
                self.assertEqual(epochs(sampler, workers, True), expected, workers)

    def test_torch_loads_from_a_version(self):
        torch = self.needs_torch()
        folder = os.path.join(self.work, "model")
        os.makedirs(folder)
        torch.save({"w": torch.ones(3)}, folder + "/m.pt")
        version = api.datastore("model").create(folder)
        self.assertEqual(torch.load(version.open("m.pt"))["w"].sum().item(), 3)

    def needs_torch(self):
        try:
            import torch
            import torchvision
        except ImportError:
            raise unittest.SkipTest("there is no PyTorch here: apt-get install python3-torch python3-torchvision") from None
        torch.set_num_threads(1)
        return torch


if __name__ == "__main__":
    unittest.main()
