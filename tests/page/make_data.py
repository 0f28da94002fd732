"""Makes the folder that the tests of the page look at: python3 make_data.py FOLDER

Images, text, JSON, CSV, NumPy, sound, and names and files that try to act as a page.
"""
import json
import math
import os
import struct
import sys
import wave
import zlib


def png_of(width, height, pixel):
    def part(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + bytes(c for x in range(width) for c in pixel(x, y)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + part(b"IDAT", zlib.compress(rows, 6)) + part(b"IEND", b""))


def picture(seed, size=64):
    a, b, c = (seed * 37 % 97) / 97, (seed * 61 % 89) / 89, (seed * 17 % 83) / 83

    def pixel(x, y):
        u, v = x / size - 0.5, y / size - 0.5
        wave_at = math.sin(8 * (u * math.cos(6 * a) + v * math.sin(6 * a)) + 9 * b)
        ring = math.exp(-18 * abs(math.hypot(u - (b - 0.5) / 2, v - (c - 0.5) / 2) - 0.22))
        return (int(70 + 110 * a + 50 * wave_at + 20 * ring) & 255, int(80 + 80 * b + 60 * ring),
                int(110 + 90 * c - 40 * wave_at) & 255)

    return png_of(size, size, pixel)


def write(root, path, content):
    full = os.path.join(os.fsencode(root), path if isinstance(path, bytes) else path.encode())
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


SCRIPT = "<script>document.title='ran';window.ran=true;parent.ran=true</script>"


def pdf_of(pages):
    """A PDF with a line of text and a drawing on each page, and a script that must not run."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert('ran')) >> >>",
               b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % (4 + 2 * i) for i in range(pages)), pages),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    for i in range(pages):
        drawing = b"0.2 0.4 0.8 rg 60 500 200 %d re f BT 0 g /F1 32 Tf 60 700 Td (Page %d) Tj ET" % (60 + 40 * i, i + 1)
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
                       b" /Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * i))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
                  % (len(objects) + 1, table, len(objects) + 1, len(out)))


def main(root):
    for label in range(3):
        for i in range(40):
            write(root, f"train/{label}/{i:05}.png", picture(label * 100 + i))
    write(root, "README.md", "# Shapes\n\nWaves and rings, **labelled** by hand.\n\n- `train/0`: slow waves\n"
          "- `train/1`: rings\n\n![one](train/0/00001.png) ![elsewhere](http://127.0.0.1:9/x.png)\n\n"
          f"{SCRIPT}<img src=x onerror=\"window.ran=true\"><a href=\"javascript:window.ran=true\">link</a>\n\n"
          "| label | images |\n| --- | --- |\n| 0 | 40 |\n| 1 | 40 |\n")
    write(root, "labels.csv", "path,label,weight,note\n" + "".join(
        f"train/{i % 3}/{i % 40:05}.png,{i % 3},{math.sin(i):.4f},{'' if i % 5 else 'checked'}\n" for i in range(3000)))
    write(root, "config.json", json.dumps({"model": {"name": "tiny", "layers": [64, 32, 10], "dropout": 0.1},
                                           "seed": 17, "augment": True, "notes": None}, indent=2))
    write(root, "train.py", "import sys\n\n\ndef main(folder):\n    print('reading', folder)\n\n\nmain(sys.argv[1])\n")
    write(root, "long.txt", "".join(f"line {i} of a log that goes on\n" for i in range(40000)))
    write(root, "weights.bin", bytes((i * 7 + (i >> 8) * 13) % 256 for i in range(300000)))
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (20, 30), }"
    head += b" " * (64 - (10 + len(head)) % 64 - 1) + b"\n"
    write(root, "array.npy", b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head
          + struct.pack("<600f", *(math.sin(i / 10) for i in range(600))))
    with wave.open(os.path.join(root, "tone.wav"), "wb") as tone:
        tone.setparams((1, 2, 8000, 0, "NONE", ""))
        tone.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i / 4))) for i in range(8000)))
    write(root, "empty.txt", "")
    write(root, "paper.pdf", pdf_of(3))
    write(root, "hostile/page.html", f"<h1>page</h1>{SCRIPT}")
    write(root, "hostile/picture.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="80" onload="window.ran=true">'
          f"<rect width='80' height='80' fill='teal'/>{SCRIPT}</svg>")
    write(root, "hostile/<img src=x onerror=window.ran=true>.txt", "a name that is markup\n")
    write(root, "hostile/'; alert(1); '.txt", "quotes\n")
    write(root, "hostile/\u202egnp.exe", "reversed\n")
    write(root, "hostile/100% of #1?.txt", "signs of addresses\n")
    write(root, b"hostile/caf\xe9.txt", "a name that is not UTF-8\n")
    write(root, "hostile/new\nline.txt", "a name with a line end\n")


main(sys.argv[1])
