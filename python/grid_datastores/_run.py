"""Runs: starting one, knowing the one in which this process is, and keeping its metrics."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ._errors import GridError, NotFoundError
from ._program import program, run_program

if TYPE_CHECKING:
    from ._store import Store
    from ._version import Version

__all__ = ["METRICS", "Run", "log_metric", "run", "this_run"]

METRICS = "metrics.jsonl"  # in the artifacts folder: a line of JSON for each value


class Run:
    """A run, as it was when it was asked for; `refresh()` asks again. Can be pickled."""

    def __init__(self, store: Store, record: dict[str, Any]) -> None:
        self.store, self.record = store, record

    def __reduce__(self) -> tuple[Any, ...]:
        return (Run, (self.store, self.record))

    def __repr__(self) -> str:
        return f"<Run {self.name}: {self.status}>"

    def _repr_html_(self) -> str:
        from ._notebook import run_html

        return run_html(self)

    @property
    def name(self) -> str:
        return str(self.record["name"])

    @property
    def status(self) -> str:
        """`queued`, `running`, `done`, `failed`, `stopped` or `lost` (docs/runs.md)."""
        return str(self.record["status"])

    @property
    def reason(self) -> str | None:
        """Why it failed or could not start, as a sentence; None if there is nothing to say."""
        reason = self.record["reason"]
        return None if reason is None else str(reason)

    @property
    def exit_status(self) -> int | None:
        status = self.record["exit_status"]
        return None if status is None else int(status)

    @property
    def versions(self) -> list[Version]:
        """The versions that it has named or looked into, with the state in which they were pinned."""
        from ._version import Version

        return [Version(self.store, one["name"], one["version"]) for one in self.record["versions"]]

    @property
    def store_location(self) -> str:
        """The store whose datastores it has."""
        return str(self.record["store"])

    @property
    def attached(self) -> str:
        """`mount`, or `copy`."""
        return str(self.record["attach"])

    @property
    def artifacts(self) -> str:
        """The folder on this machine with what the run has written. Raises `GridError` if it is on another."""
        if os.environ.get("GRID_RUN_ID") == self.record["id"] and os.environ.get("GRID_ARTIFACTS"):
            return os.environ["GRID_ARTIFACTS"]
        return str(run_program(["artifacts", "--", self.name], doing=f"find the artifacts of {self.name}")["folder"])

    def refresh(self) -> Run:
        """The run as it is now."""
        return Run(self.store, run_program(["status", "--", self.name], doing=f"ask for the run {self.name}"))

    def metrics(self) -> list[dict[str, Any]]:
        """What `log_metric` has kept, in that order: `{"name", "value", "step"}`; a line that was cut is left out."""
        return list(_read_metrics(os.path.join(self.artifacts, METRICS)))


def _read_metrics(path: str) -> Iterator[dict[str, Any]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    metric = json.loads(line)
                except ValueError:
                    continue
                if isinstance(metric, dict) and "name" in metric and "value" in metric:
                    yield metric
    except FileNotFoundError:
        return


def run(script: Any, *arguments: Any, name: str | None = None, datastores: Sequence[str] = (),
        settings: dict[str, str] | None = None, options: Sequence[str] = (), detach: bool = False,
        store: Store | None = None) -> Run:
    """Runs a script with datastores attached, as `grid run` does (docs/runs.md), and returns the run.

    `arguments` may have references such as `grid:cats:3`. `datastores` are to be attached and pinned, `settings` are
    variables for the script, `options` further ones of `grid run` as they are written there (`--cluster=slurm`). The
    script's output goes where this process's goes. Unless `detach` is true the call returns when the script has ended:
    see `status` and `exit_status`, as a script that fails is no exception. Raises `GridError` if it cannot be started.
    """
    from ._store import open_store

    where = store or open_store()
    name = name or _free_name(script)
    words = ["--store", where.location, "run", f"--name={name}"]
    words += [f"--datastore_name={reference}" for reference in datastores]
    words += [f"--env={variable}={value}" for variable, value in (settings or {}).items()]
    words += [*options, *(["--detach"] if detach else []), "--", os.fspath(script), *map(str, arguments)]
    environment = {**os.environ, **where._program_environment()}
    doing = f"run {os.fspath(script)}"
    if detach:
        run_program(words, doing=doing, environment=environment)
    else:
        _run_here(words, doing, environment)
    return Run(where, run_program(["status", name], doing=doing))


def _run_here(words: list[str], doing: str, environment: dict[str, str]) -> None:
    """Raises `GridError` if the run did not come to be; how its script ended is in its record."""
    import subprocess

    known = subprocess.run([program(doing), *words], env=environment, check=False)
    if known.returncode == 2:
        raise GridError(f"cannot {doing}: grid run refused it, and has said why on standard error", "invalid_argument")


def _free_name(script: Any) -> str:
    import re
    import secrets

    stem = re.sub(r"[^a-z0-9]+", "-", os.path.splitext(os.path.basename(os.fspath(script)))[0].lower()).strip("-")
    return f"{stem[:40] or 'run'}-{secrets.token_hex(4)}"


def this_run() -> Run | None:
    """The run in which this process is; None outside of one. Raises `GridError` if its record cannot be read."""
    name = os.environ.get("GRID_RUN_NAME")
    if not name:
        return None
    record = run_program(["status", name], doing=f"ask for the run {name}")
    if os.environ.get("GRID_RUN_ID") not in (None, record["id"]):
        raise NotFoundError(f"the run {name} of this process is not among this user's runs")
    from ._store import open_store

    return Run(open_store(record["store"]), record)


def log_metric(name: str, value: float, step: int | None = None) -> bool:
    """Keeps a value with the run: a line `{"name", "value", "step"}` in `metrics.jsonl` among its artifacts.

    Outside of a run it does nothing and returns False, so that a script works without grid. Threads, workers and ranks
    may call it at once: a line is one write at the file's end. Values are finite numbers; NaN and infinities are kept
    as the texts "nan", "inf" and "-inf", which JSON has no numbers for.
    """
    folder = os.environ.get("GRID_ARTIFACTS")
    if not folder:
        return False
    if not isinstance(name, str) or not name:
        raise GridError("a metric has a name", "invalid_argument")
    number = float(value)
    line = json.dumps({"name": name, "value": number if math.isfinite(number) else str(number),
                       "step": None if step is None else int(step)}) + "\n"
    path = os.path.join(folder, METRICS)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
    except OSError as failure:
        kind = "no_space" if failure.errno in (28, 122) else "permission_denied"
        raise GridError(f"cannot write to {path}: {failure.strerror}", kind) from failure
    return True
