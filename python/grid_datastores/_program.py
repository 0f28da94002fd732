"""The program `grid` on this machine: where it is, and what it answers with `-o json`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Callable

from ._errors import GridError, error_of

__all__ = ["find_program", "program", "run_program"]


def find_program() -> str | None:
    """The path of the program: `$GRID_PROGRAM`, else the one that came with the package, else the one in the PATH."""
    import shutil

    named = os.environ.get("GRID_PROGRAM")
    if named is not None:
        return shutil.which(named) if named else None
    beside = os.path.join(os.path.dirname(sys.executable or ""), "grid")
    if sys.prefix != sys.base_prefix and os.access(beside, os.X_OK):
        return beside
    return shutil.which("grid")


def program(doing: str) -> str:
    """As `find_program`. `doing` reads like "open the store /data". Raises `GridError` (`unsupported`) without one."""
    found = find_program()
    if found is None:
        raise GridError(
            f"cannot {doing}: there is no program grid on this machine; install it, or read from a server with "
            "grid.connect(\"https://host\", token=…) or GRID_SERVER", "unsupported")
    return found


def run_program(words: list[str], *, doing: str, on_event: Callable[[dict[str, Any]], None] | None = None,
                environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Runs `grid -o json WORDS…` to its end and returns its document.

    `on_event` gets the events of long work (docs/json-output.md). Raises the `GridError` that the program reports.
    Interrupted by an exception (Ctrl-C), it interrupts the program and waits for it, so that a create can be continued.
    """
    import subprocess
    import threading

    try:
        process = subprocess.Popen([program(doing), "-o", "json", *words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    except OSError as failure:
        raise GridError(f"cannot {doing}: the program grid does not start: {failure.strerror}", "unavailable") from failure
    assert process.stdout is not None and process.stderr is not None
    output: list[bytes] = []
    reader = threading.Thread(target=lambda out: output.append(out.read()), args=(process.stdout,), daemon=True)
    reader.start()
    messages = []
    try:
        for raw in process.stderr:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if line.startswith("{"):
                if on_event is not None:
                    on_event(json.loads(line))
            elif line:
                messages.append(line)
        process.wait()
    except BaseException:
        import signal

        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    finally:
        reader.join()
        process.stdout.close()
        process.stderr.close()
    return _document(process.returncode, b"".join(output), messages, doing)


def _document(status: int, output: bytes, messages: list[str], doing: str) -> dict[str, Any]:
    try:
        document = json.loads(output)
    except ValueError:
        document = None
    if isinstance(document, dict) and "error" in document:
        raise error_of(str(document["error"]["kind"]), str(document["error"]["message"]))
    if not isinstance(document, dict):
        why = messages[-1].replace("grid: ", "", 1) if messages else f"it ended with status {status}"
        raise GridError(f"cannot {doing}: {why}", "unavailable")
    return document
