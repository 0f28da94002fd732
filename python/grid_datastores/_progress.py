"""How far long work is: in a terminal a bar, in a notebook too, for a program a call for each event."""

from __future__ import annotations

import sys
from typing import Any, Callable, Union

Event = dict  # members of the events of docs/json-output.md, under "Progress"
Progress = Union[None, bool, Callable[[dict[str, Any]], None]]

__all__ = ["Event", "Progress", "shown"]


def shown(progress: Progress, title: str) -> Callable[[dict[str, Any]], None]:
    """What is called with each event: what the caller gave, or a bar where somebody looks at one."""
    if callable(progress):
        return progress
    if progress is False:
        return lambda event: None
    notebook = _notebook_display()
    if notebook is not None:
        return _NotebookBar(title, notebook)
    if progress is True or sys.stderr is not None and sys.stderr.isatty():
        return _TerminalBar(title)
    return lambda event: None


def _notebook_display() -> Any:
    """IPython's `display`, in a notebook alone."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    if shell is None or type(shell).__name__ != "ZMQInteractiveShell":
        return None
    return sys.modules["IPython"].display.display


def size_text(size: float) -> str:
    """A size for people: 3 B, 1.5 kB, 250 MB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


def _words(title: str, event: dict[str, Any]) -> tuple[float | None, str]:
    total, done = event.get("bytes_total"), event.get("bytes_done") or 0
    share = done / total if total else None
    files = f"{event.get('files_done') or 0:,}"
    if event.get("files_total") is not None:
        files += f" of {event['files_total']:,}"
    return share, f"{title}  {files} files  {size_text(done)}" + (f" of {size_text(total)}" if total else "")


class _TerminalBar:
    def __init__(self, title: str) -> None:
        # Names may hold what commands a terminal.
        self._title = "".join(char if char.isprintable() else "?" for char in title)
        self._width = 0

    def __call__(self, event: dict[str, Any]) -> None:
        share, text = _words(self._title, event)
        bar = "" if share is None else "[" + ("#" * round(20 * min(1, share))).ljust(20) + "] "
        line = bar + text
        self._width = max(self._width, len(line))
        end = "\n" if event.get("event") == "end" else ""
        sys.stderr.write("\r" + line.ljust(self._width) + end)
        sys.stderr.flush()


class _NotebookBar:
    def __init__(self, title: str, display: Callable[..., Any]) -> None:
        self._title, self._display = title, display
        self._handle: Any = None

    def __call__(self, event: dict[str, Any]) -> None:
        self._share, self._text = _words(self._title, event)
        if self._handle is None:
            self._handle = self._display(self, display_id=True)
        else:
            self._handle.update(self)

    def _repr_html_(self) -> str:
        from html import escape

        value = "" if self._share is None else f' value="{self._share:.4f}"'
        return f"<progress{value}></progress> {escape(self._text)}"
