"""Cuts files as a writer should: format_cutter.py STORE FILE…

Written from appendix A of docs/format.md alone, to show that another writer can share chunks with
grid. Fails if a chunk that it cuts is not in the store. Needs the programs b3sum and zstd.
"""
import os, subprocess, sys, tempfile
from format_reader import Store

SLICE, WHOLE, FINE = 32 << 20, 16 << 10, 1 << 20
MASK64 = (1 << 64) - 1

def make_gear():
    state, gear = 0, []
    for _ in range(256):
        state = state + 0x9E3779B97F4A7C15 & MASK64
        z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK64
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK64
        gear.append(z ^ z >> 31)
    return gear

GEAR = make_gear()

def first_cut(data, begin, size_min, size_max, bits):
    """Where the chunk that begins at `begin` ends."""
    end = min(len(data), begin + size_max)
    if end - begin <= size_min:
        return end
    h = 0
    for i in range(begin + size_min - 64, end):
        h = (h << 1) + GEAR[data[i]] & MASK64
        if i >= begin + size_min and h >> 64 - bits == 0:
            return i + 1
    return end

def cut(data):
    for at in range(0, len(data), SLICE):
        piece, begin = data[at : at + SLICE], 0
        sizes = (3584, 32 << 10, 12) if len(piece) <= FINE else (8 << 10, 64 << 10, 13)
        while begin < len(piece):
            end = len(piece) if len(piece) <= WHOLE else first_cut(piece, begin, *sizes)
            yield piece[begin:end]
            begin = end

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as chunks, tempfile.TemporaryDirectory() as cuts:
        Store(sys.argv[1], chunks)
        for path in sys.argv[2:]:
            for number, chunk in enumerate(cut(open(path, "rb").read())):
                with open(f"{cuts}/{os.path.basename(path)}-{number}", "wb") as file:
                    file.write(chunk)
        names = [f"{cuts}/{name}" for name in sorted(os.listdir(cuts))]
        digests = subprocess.run(["b3sum", "--no-names", *names], capture_output=True).stdout.split()
        for name, digest in zip(names, digests, strict=True):
            if not os.path.exists(f"{chunks}/{digest.decode()}"):
                sys.exit(f"not cut so in the store: {name} of {os.path.getsize(name)} bytes")
        print(len(names))
