"""Extracts a version of a store in a local folder: format_reader.py STORE NAME VERSION DESTINATION

Written from docs/format.md alone, whose sections are quoted as §, to show that it is complete.
Needs the programs b3sum and zstd. It unpacks the whole store: it is a proof, not a tool. For files in
place, whose bytes no store has, it prints what names their objects: bucket, key, ETag, version id, size.
"""
import glob, json, os, re, subprocess, sys, tempfile
from struct import calcsize, iter_unpack, unpack_from

def refuse(what):
    sys.exit(f"damaged: {what}")

def header(data, magic, fields, what, formats=(1,)):
    """The fields behind magic and format, which are checked (§3 to §6)."""
    if len(data) < 6 + calcsize("<" + fields) or data[:4] != magic or \
            int.from_bytes(data[4:6], "little") not in formats:
        refuse(f"{what} is none of format {formats}")
    return unpack_from("<" + fields, data, 6)

def object_at(text, at, path):
    """§5: bucket, key, ETag and version id of a file in place."""
    *sizes, skipped = unpack_from("<HHHHI", text, at)
    parts, at = [], at + 12
    for size in sizes:
        parts.append(text[at : at + size])
        at += size
    if at > len(text) or not parts[0] or skipped > len(path):
        refuse("an object")
    return parts[0], parts[1] + path[skipped:], parts[2], parts[3]

def read_record(path, kind, companion, expected={}):
    """§1, §2, §7"""
    def members(pairs):
        return dict(pairs) if len(pairs) == len(dict(pairs)) else refuse(f"{path}: a member twice")

    data = open(path, "rb").read()
    record = json.loads(data.decode(), object_pairs_hook=members)
    formats = (1, 2) if kind == "store" else (1,)
    if record["grid"] != kind or record["format"] not in formats or len(data) > 1 << 20:
        refuse(path)
    if any(record.get(member, value) != value for member, value in expected.items()):
        refuse(f"{path} is for another key")
    if ("digest" in record) != (companion in record):
        refuse(path)
    if "digest" in record:
        digest = record["digest"].encode()
        blanked = data.replace(digest, b"0" * 64)
        if data.count(digest) != 1 or run(["b3sum", "--no-names"], blanked).strip() != digest:
            refuse(path)
    return record

def run(command, data):
    return subprocess.run(command, input=data, capture_output=True).stdout

def unpack_pack(path, chunks):
    """§3: every chunk of a pack into a file of the folder `chunks`, named by its digest."""
    index = open(path + ".index", "rb").read()
    zero, frame_count, count, data_size = header(index, b"GPIX", "HIIQ", path)
    own_digest = run(["b3sum", "--no-names"], index[:-32]).strip()
    if len(index) != 56 + 8 * frame_count + 36 * count or own_digest != index[-32:].hex().encode():
        refuse(path)
    digests = 24 + 8 * frame_count
    sizes = unpack_from(f"<{count}I", index, digests + 32 * count)
    different = {index[digests + 32 * i : digests + 32 * i + 32] for i in range(count)}
    if zero or not count or 0 in sizes or len(different) != count:
        refuse(path)
    next_chunk = 0
    with open(path + ".data", "rb") as data:
        for chunk_count, stored in iter_unpack("<II", index[24:digests]):
            own = range(next_chunk, next_chunk + chunk_count)
            frame, frame_size, begin = data.read(stored), sum(sizes[own.start : own.stop]), 0
            if stored < frame_size <= 256 << 20 and frame[:4] == b"\x28\xb5\x2f\xfd":
                frame = run(["zstd", "-dcq"], frame)
            if not own or own.stop > count or len(frame) != frame_size:
                refuse(f"a frame of {path}")
            for i in own:
                digest = index[digests + 32 * i : digests + 32 * i + 32].hex()
                with open(f"{chunks}/{digest}", "wb") as file:
                    file.write(frame[begin : begin + sizes[i]])
                begin += sizes[i]
            next_chunk = own.stop
        if next_chunk != count or data.tell() != data_size or data.read(1):
            refuse(path)

class Store:
    def __init__(self, folder, chunks):
        self.chunks = chunks
        store_id = read_record(f"{folder}/store.json", "store", "created")["store_id"]
        if not re.fullmatch("[0-9a-f]{32}", store_id):
            refuse("store.json")
        for index in glob.glob(f"{folder}/packs/*.index"):
            unpack_pack(index[:-6], chunks)
        listing = "".join(f"{name}  {chunks}/{name}\n" for name in os.listdir(chunks))
        if subprocess.run(["b3sum", "--check", "--quiet", "-"], input=listing.encode()).returncode:
            refuse("a chunk")  # §11

    def chunk(self, digest, size=None):
        path = f"{self.chunks}/{digest.hex()}"
        if not os.path.exists(path) or size not in (None, os.path.getsize(path)):
            refuse(f"chunk {digest.hex()} is missing or of another size")
        return open(path, "rb").read()

    def content(self, digest, depth, size):
        """§4: the bytes of a file, piece by piece."""
        if depth == 0:
            yield self.chunk(digest, size) if size else b""
            return
        recipe = self.chunk(digest)
        own_depth, _, n = header(recipe, b"GRCP", "BBI", "a recipe")
        code, width = ("I", 4) if depth == 1 else ("Q", 8)
        sizes = unpack_from(f"<{n}{code}", recipe, 12 + 32 * n)
        if own_depth != depth or depth > 8 or len(recipe) != 12 + (32 + width) * n or \
                not all(sizes) or sum(sizes) != size:
            refuse("a recipe")
        for i in range(n):
            yield from self.content(recipe[12 + 32 * i : 44 + 32 * i], depth - 1, sizes[i])

    def segment(self, digest, size):
        """§5: (path, kind, executable, size, mtime, content, depth, target or object) of each entry."""
        data = self.chunk(digest, size)
        _, n, f, h = header(data, b"GSEG", "HIII", "a segment", (1, 2))
        if len(data) != 32 + 56 * n + 12 * f + h:
            refuse("a segment")
        sizes, times, offsets, lengths, flags, depths = (
            unpack_from(f"<{n}{code}", data, 32 + a * n + b * f)
            for a, b, code in ((32, 0, "Q"), (40, 0, "q"), (48, 0, "I"),
                               (52, 12, "H"), (54, 12, "B"), (55, 12, "B")))
        folders = list(iter_unpack("<III", data[32 + 52 * n : 32 + 52 * n + 12 * f]))
        text = data[32 + 56 * n + 12 * f :]
        for (at, length, first), end in zip(folders, [next[2] for next in folders[1:]] + [n]):
            for i in range(first, end):
                name_end = offsets[i] + lengths[i]
                name, kind = text[offsets[i] : name_end], flags[i] & 7
                if name in (b"", b".", b"..") or {0, ord("/")} & {*name} or not 1 <= kind <= 4:
                    refuse("an entry")
                path, more = os.path.join(text[at : at + length], name), None
                if kind > 2:
                    more = text[name_end : name_end + sizes[i]]
                elif flags[i] & 16:
                    more = object_at(text, name_end, path)
                yield (path, kind, flags[i] & 8, sizes[i], times[i],
                       data[32 + 32 * i : 64 + 32 * i], depths[i], more)

    def entries(self, root):
        """§6: those of a whole tree, in tree order."""
        data = self.chunk(root)
        _, segment_count, link_count, total, *_ = header(data, b"GTRE", "HIIQQQQQ", "a root", (1, 2))
        at, seen = 56 if data[4] == 1 else 72, 0
        for _ in range(segment_count):
            count, size, p, q = unpack_from("<IIII", data, at + 32)
            entries, name = list(self.segment(data[at : at + 32], size)), at + 48 + p
            first = os.path.join(data[at + 48 : name], data[name : name + q])
            if len(entries) != count or entries[0][0] != first:
                refuse("a segment is not the one that the root names")
            yield from entries
            at, seen = name + q, seen + count
        for _ in range(link_count):
            at += 8 + unpack_from("<I", data, at + 4)[0]
        if seen != total or at != len(data):
            refuse("a root")

def extract(store, root, destination):
    top, times = os.fsencode(destination), []
    os.mkdir(top)
    for path, kind, executable, size, mtime, content, depth, target in store.entries(root):
        if kind == 1 and target:
            print(path.decode(), *(part.decode() for part in target), size)
            continue
        path = os.path.join(top, path)
        times.append((path, mtime))
        if kind == 1:
            with open(path, "wb") as file:
                file.writelines(store.content(content, depth, size))
            os.chmod(path, 0o755 if executable else 0o644)
        elif kind == 2:
            os.mkdir(path)
        elif kind == 3:
            os.symlink(target, path)
        else:  # what the entry itself says of the file is ignored, and the target stands earlier
            os.link(os.path.join(top, target), times.pop()[0])
    for path, mtime in reversed(times):
        os.utime(path, ns=(mtime, mtime), follow_symlinks=False)

if __name__ == "__main__":
    folder, name, number, destination = sys.argv[1:]
    datastore = f"{folder}/datastores/{name}"
    path = f"{datastore}/versions/{number}"
    record = read_record(path, "version", "datastore", {"version": int(number), "datastore": name})
    own_digest = run(["b3sum", "--no-names"], open(path, "rb").read()).strip().decode()
    restored = max([int(path.rpartition("-")[2]) for path in glob.glob(f"{datastore}/restored/{number}-*")], default=0)
    turn = f".{restored}" if restored else ""
    tombstones = [f"{datastore}/deleted/{number}{turn}", f"{datastore}/deleted/{number}-{own_digest}"]
    if any(os.path.isfile(tombstone) for tombstone in tombstones):
        sys.exit(f"{name}:{number} is deleted")
    with tempfile.TemporaryDirectory() as chunks:
        extract(Store(folder, chunks), bytes.fromhex(record["root"]), destination)
