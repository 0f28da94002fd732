"""Writes the store of appendix B of docs/format.md: format_example.py DOCUMENT STORE"""
import os, re, sys

document, store = sys.argv[1:]
appendix = open(document).read().split("## Appendix B")[1]
for name, kind, text in re.findall(r"`(\S+)`\n\n```(json)?\n(.*?)```", appendix, re.S):
    data = text.encode()
    if not kind:
        data = b""
        for line in text.splitlines():
            offset, digits = int(line[:4]), line[6:53]
            assert offset == len(data), f"{name}: {line}"
            data += bytes.fromhex(digits)
    path = os.path.join(store, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
