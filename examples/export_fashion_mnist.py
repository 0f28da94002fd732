"""Writes Debian's dataset-fashion-mnist as one PNG an image: DEST/<split>/<label>/NNNNN.png.

    python3 examples/export_fashion_mnist.py DEST [--split test|train|both] [--count N]

70,000 real grey 28 × 28 images with labels 0 to 9, from the package's four idx files. Standard
library only.
"""
import argparse
import gzip
import os
import struct
import zlib

FILES = {"train": "train", "test": "t10k"}


def read_idx(path):
    with gzip.open(path) as file:
        content = file.read()
    dimensions = content[3]
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    return shape, content[4 + 4 * dimensions :]


def png_of(pixels, width, height):
    def part(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + pixels[y * width : (y + 1) * width] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows))
            + part(b"IEND", b""))


def export(source, destination, split, count):
    (total, height, width), pixels = read_idx(os.path.join(source, FILES[split] + "-images-idx3-ubyte.gz"))
    _, labels = read_idx(os.path.join(source, FILES[split] + "-labels-idx1-ubyte.gz"))
    size = width * height
    for label in range(10):
        os.makedirs(os.path.join(destination, split, str(label)), exist_ok=True)
    for i in range(min(total, count or total)):
        path = os.path.join(destination, split, str(labels[i]), f"{i:05}.png")
        with open(path, "wb") as file:
            file.write(png_of(pixels[i * size : (i + 1) * size], width, height))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("destination")
    parser.add_argument("--source", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--split", choices=["test", "train", "both"], default="both")
    parser.add_argument("--count", type=int, help="at most so many images of each split")
    options = parser.parse_args()
    for split in ["test", "train"] if options.split == "both" else [options.split]:
        export(options.source, options.destination, split, options.count)


if __name__ == "__main__":
    main()
