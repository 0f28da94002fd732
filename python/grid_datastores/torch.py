"""Training with PyTorch: telling the store what an epoch will read, and image folders without listing them.

Nothing here imports torch: PyTorch's `DataLoader` takes any object with these methods as a sampler or a dataset.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Callable

from ._ahead import AheadReader
from ._errors import GridError

if TYPE_CHECKING:
    from ._version import Version

__all__ = ["AheadSampler", "ImageFolder"]

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


class AheadSampler:
    """Gives the order of another sampler, and brings near what comes next while the script computes.

        sampler = grid.torch.AheadSampler(RandomSampler(data), data.paths, ahead=4096)
        loader = DataLoader(data, batch_size=64, sampler=sampler, num_workers=4)

    `paths[i]` is the file that the dataset opens for the index i: a path of this machine below `version.path()` or in a
    run, or `grid://NAME/VERSION/path`. Up to `ahead` files are brought near before their turn, by threads of the process
    that iterates. A store that is far away is told which files come: it reads them in large pieces, many at once, into
    this machine's cache. From there, files are read into the memory that all workers share. (The kernel is asked for
    pages that are read nowhere; what memory lacks room for is read again when it is needed.) Files above 64 MiB are only
    begun. Reading ahead changes no result and reports no failure: what cannot be read fails when the dataset reads it.

    Any sampler of indices will do, `DistributedSampler` included: `set_epoch` is passed on. Works with any number of
    workers and persistent ones, as only the process with the loader iterates over it. To go on within an epoch, keep
    `state_dict()` and give it to `load_state_dict()` of a sampler that gives the same order again. One iteration at a
    time.
    """

    def __init__(self, sampler: Iterable[int], paths: Sequence[Any], ahead: int = 4096) -> None:
        if ahead < 1:
            raise GridError(f"ahead is {ahead}; it is a number of files from 1", "invalid_argument")
        self.sampler, self.paths, self.ahead = sampler, paths, ahead
        self._epoch = 0
        self._position = 0  # indices that were given in this iteration, those of an earlier process included
        self._skip = 0  # of the next iteration

    def __len__(self) -> int:
        """How many indices the other sampler gives, if it says so."""
        return len(self.sampler)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[int]:
        order = iter(self.sampler)
        skip, self._skip = self._skip, 0
        self._position = 0
        for _ in range(skip):
            if next(order, None) is None:
                break
            self._position += 1
        return self._give(order)

    def _give(self, order: Iterator[int]) -> Iterator[int]:
        reader = AheadReader(self.paths.__getitem__, self.ahead)
        window: deque[int] = deque()
        try:
            for index in order:
                window.append(index)
                reader.add(index)
                if len(window) >= self.ahead:
                    self._position += 1
                    yield self._taken(window, reader)
            reader.flush()
            while window:
                self._position += 1
                yield self._taken(window, reader)
            self._position = 0
        finally:
            reader.stop()

    @staticmethod
    def _taken(window: deque[int], reader: AheadReader) -> int:
        reader.skip()
        return window.popleft()

    def set_epoch(self, epoch: int) -> None:
        """As of `DistributedSampler`, to which it is passed on."""
        self._epoch = epoch
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Where in the epoch this sampler is: what was given, which with workers is more than what was trained on."""
        return {"epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Has the next iteration begin at the place that `state_dict()` gave, in the order of its epoch."""
        self.set_epoch(int(state["epoch"]))
        self._skip = int(state["position"])


def _open_image(path: str) -> Any:
    """As torchvision's loader: an RGB image of Pillow."""
    from PIL import Image  # type: ignore[import]

    with open(path, "rb") as file:
        return Image.open(file).convert("RGB")


class ImageFolder:
    """Images of a version in one folder for each class, as torchvision's class of this name: `data[i]` is an image and
    the number of its class.

        data = grid.torch.ImageFolder(cats[3], "train", transform=transform)

    The names come from the version's list, so beginning costs a second for 300,000 images instead of a walk through
    their folders. `classes`, `class_to_idx`, `samples`, `targets` and `paths` are as torchvision has them; paths are
    those of `version.path()`. Can be pickled; the mount is shared by all processes.

    `loader` is called with a path, by default Pillow as RGB; `transform` and `target_transform` with what it and the
    class's number give. Raises `GridError` if there are no classes or no images.
    """

    def __init__(self, version: Version, folder: str = "", transform: Callable[[Any], Any] | None = None,
                 target_transform: Callable[[int], Any] | None = None, loader: Callable[[str], Any] = _open_image,
                 endings: Sequence[str] = IMAGE_ENDINGS) -> None:
        self.version = version
        self.transform, self.target_transform, self.loader = transform, target_transform, loader
        self.root = version.path(folder)
        folder = folder.strip("/")
        skipped = len(folder) + 1 if folder else 0
        found: dict[str, list[str]] = {}
        for entry in version.find(folder):
            inside = entry.path[skipped:]
            label, slash, _ = inside.partition("/")
            if entry.is_folder and not slash:
                found[label] = []
            elif slash and entry.is_file and inside.lower().endswith(tuple(endings)):
                found[label].append(inside)
        self.classes = sorted(found)
        where = f"{version}/{folder}".rstrip("/")
        empty = [label for label in self.classes if not found[label]]
        if not self.classes or empty:
            raise GridError(f"{where} has no images" + (f" in {empty[0]}" if empty else " in folders of classes")
                            + f"; their names end with {', '.join(endings)}", "not_found")
        self.class_to_idx = {label: number for number, label in enumerate(self.classes)}
        self.samples = [(os.path.join(self.root, inside), number) for number, label in enumerate(self.classes)
                        for inside in sorted(found[label], key=_as_walked)]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        image = self.loader(path)
        return (image if self.transform is None else self.transform(image),
                target if self.target_transform is None else self.target_transform(target))

    @property
    def imgs(self) -> list[tuple[str, int]]:
        return self.samples

    @property
    def targets(self) -> list[int]:
        return [target for _, target in self.samples]

    @property
    def paths(self) -> list[str]:
        """The file of each index, for an `AheadSampler`."""
        return [path for path, _ in self.samples]


def _as_walked(path: str) -> tuple[str, str]:
    """Torchvision's order: folder by folder, sorted by their whole paths, then by name."""
    folder, _, name = path.rpartition("/")
    return folder, name
