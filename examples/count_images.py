"""Counts the images below a folder, by class.

    grid run examples/count_images.py --data_dir grid:fashion-mnist

The class of an image is the name of the folder that holds it, as in train/7/00001.png. Every image
is opened and read; with Pillow (Debian's python3-pil) its pixels are decoded too, otherwise its
header is parsed here. The script knows nothing of datastores: it walks a folder and opens files.
"""
import argparse
import collections
import os
import struct
import sys
import time

try:
    import io

    from PIL import Image
except ImportError:
    Image = None

SUFFIXES = (".png", ".gif", ".jpg", ".jpeg")


def size_in_header(content):
    """Width and height of a PNG, GIF or JPEG file."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", content[16:24])
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return struct.unpack("<HH", content[6:10])
    if content.startswith(b"\xff\xd8"):
        at = 2
        while at + 9 < len(content):
            marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
            # Frame headers; the numbers between them are tables.
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", content[at + 5 : at + 9])
                return width, height
            at += 2 + length
    raise ValueError("not a PNG, GIF or JPEG image")


def image_size(content):
    if Image is None:
        return size_in_header(content)
    image = Image.open(io.BytesIO(content))
    image.load()
    return image.size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", required=True, help="the folder with the images")
    options = parser.parse_args()
    if not os.path.isdir(options.data_dir):
        sys.exit(f"{options.data_dir} is not a folder")

    images_of = collections.Counter()
    bytes_of = collections.Counter()
    sizes = collections.Counter()
    unreadable = []
    start = time.perf_counter()
    for folder, folders, names in os.walk(options.data_dir):
        folders.sort()
        for name in sorted(names):
            if not name.lower().endswith(SUFFIXES):
                continue
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                content = file.read()
            try:
                sizes[image_size(content)] += 1
            except (ValueError, OSError, struct.error) as error:
                unreadable.append(f"{path}: {error}")
                continue
            images_of[os.path.basename(folder)] += 1
            bytes_of[os.path.basename(folder)] += len(content)
    seconds = time.perf_counter() - start

    total = sum(images_of.values())
    print(f"{total:,} images, {sum(bytes_of.values()):,} bytes, read in {seconds:.2f} s")
    shown = ", ".join(f"{w}x{h} ({n:,})" for (w, h), n in sizes.most_common(5))
    print(f"sizes: {shown or 'none'}" + (f" and {len(sizes) - 5} more" if len(sizes) > 5 else ""))
    if images_of:
        width = max(len("class"), *map(len, images_of))
        print(f"\n{'class':<{width}}  {'images':>9}  {'bytes':>13}")
        for label in sorted(images_of):
            print(f"{label:<{width}}  {images_of[label]:>9,}  {bytes_of[label]:>13,}")
    for problem in unreadable:
        print(f"unreadable: {problem}", file=sys.stderr)
    sys.exit(1 if unreadable or total == 0 else 0)


if __name__ == "__main__":
    main()
