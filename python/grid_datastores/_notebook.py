"""What a notebook shows of an object: small tables. Everything that a store brought is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ._errors import GridError
from ._progress import size_text

if TYPE_CHECKING:
    from ._datastore import Datastore
    from ._diff import Diff
    from ._run import Run
    from ._store import Store
    from ._version import Version

ROWS_MAX = 50


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[Any]], more: str = "") -> str:
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    under = f"<p>{escape(more)}</p>" if more else ""
    return (f"<div><p><b>{_cell(title)}</b></p><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
            f"{under}</div>")


def _cell(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    # Names that are not UTF-8 have halves of surrogate pairs, which no notebook can send.
    return escape(text.encode("utf-8", "replace").decode("utf-8"))


def _said(what: str, failure: GridError) -> str:
    return f"<div><p><b>{_cell(what)}</b></p><p>{_cell(failure)}</p></div>"


def store_html(store: Store) -> str:
    try:
        found = store.datastores()
    except GridError as failure:
        return _said(store.location, failure)
    rows = [(one["name"], one["latest"], one["versions"], one["files"], size_text(one["bytes"]), one["status"])
            for one in found[:ROWS_MAX]]
    return _table(store.location, ("name", "latest", "versions", "files", "size", "status"), rows, _left(len(found)))


def datastore_html(datastore: Datastore) -> str:
    try:
        record = datastore.record
    except GridError as failure:
        return _said(datastore.name, failure)
    versions = list(reversed(record["versions"]))
    rows = [(one["version"], one["files"], size_text(one["bytes"]), one["created"], one["message"], one["status"])
            for one in versions[:ROWS_MAX]]
    title = datastore.name + (f": {record['description']}" if record["description"] else "")
    return _table(title, ("version", "files", "size", "created", "message", "status"), rows, _left(len(versions)))


def version_html(version: Version) -> str:
    try:
        record = version.record
        rows: list[tuple[str, Any]] = [(name, record[name]) for name in ("files", "folders", "symlinks")]
    except GridError as failure:
        return _said(str(version), failure)
    rows.append(("size", size_text(record["bytes"])))
    rows += [(name, record[name]) for name in ("created", "created_by", "source", "message", "root")]
    return _table(str(version), ("", ""), rows)


def diff_html(diff: Diff) -> str:
    rows: list[tuple[str, ...]] = []
    for change in diff:
        if len(rows) == ROWS_MAX:
            break
        where = f"{change.old_path} → {change.path}" if change.old_path else change.path
        rows.append((change.change, where, size_text(change.old_size), size_text(change.new_size)))
    return _table(f"{diff.older} → {diff.newer}", ("", "path", "size before", "size after"), rows, _left(len(diff)))


def run_html(run: Run) -> str:
    record = run.record
    rows = [("status", run.status + (f": {run.reason}" if run.reason else "")),
            ("command", " ".join(record["command"])),
            ("versions", ", ".join(f"{one['name']}:{one['version']}" for one in record["versions"])),
            ("started", record["started"] or ""), ("ended", record["ended"] or "")]
    rows += [(one["name"], f"{one['value']} (step {one['step']})" if one["step"] is not None else str(one["value"]))
             for one in record.get("metrics", [])[:ROWS_MAX]]
    return _table(run.name, ("", ""), rows)


def _left(count: int) -> str:
    return f"and {count - ROWS_MAX:,} more" if count > ROWS_MAX else ""
