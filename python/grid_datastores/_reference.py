"""The ways to write a datastore, a version and a path; and names as the HTTP API has them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ._errors import GridError

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")


def checked_name(name: str) -> str:
    """Returns the name. Raises `GridError` (`invalid_argument`) for what is no name of a datastore."""
    if not isinstance(name, str) or not NAME.match(name):
        raise GridError(
            f"{name!r} is no name of a datastore: these have lower-case letters, digits, '.', '_' and '-', begin with "
            "a letter or a digit, and are at most 63 characters long", "invalid_argument")
    return name


def canonical_path(path: Any) -> str:
    """A path inside a version: components divided by single slashes, without one at either end; "" is the top.

    Takes `str`, `bytes` and `os.PathLike`. Names that are not UTF-8 are given and taken with surrogate escapes, as
    `os.listdir` has them. Raises `GridError` for `..`, and for a NUL, which no name has.
    """
    if hasattr(path, "__fspath__"):
        path = path.__fspath__()
        if not isinstance(path, bytes):
            path = path.replace("\\", "/") if _windows() else path
    if isinstance(path, bytes):
        path = path.decode("utf-8", "surrogateescape")
    if not isinstance(path, str):
        raise GridError(f"a path in a version is a text, not {type(path).__name__}", "invalid_argument")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in path:
        raise GridError(f"{path!r} is no path in a version: it has '..' or a NUL in it", "invalid_argument")
    return "/".join(parts)


def _windows() -> bool:
    import os

    return os.sep == "\\"


def in_url(path: str) -> str:
    """A path as a part of a URL: percent-encoded, its exact bytes."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def in_query(text: str) -> str:
    """A text as a value of a URL's query, its exact bytes."""
    return quote(text.encode("utf-8", "surrogateescape"), safe="")


def exact_name(document: dict[str, Any], member: str) -> str:
    """A name of a document (docs/json-output.md): with surrogate escapes where it is not UTF-8."""
    spelled = document.get(member + "_hex")
    if spelled is not None:
        return bytes.fromhex(spelled).decode("utf-8", "surrogateescape")
    return str(document[member])


def pattern_for(name: str) -> str:
    """The pattern that matches this name and no other."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", name)


def parse_reference(text: str) -> tuple[str, str | None]:
    """`cats`, `cats:3`, `cats:latest` or `cats@best` as a name and a version, None if it names none."""
    name, mark, version = text.partition("@")
    if mark and ":" not in name:
        return checked_name(name), checked_version("@" + version)
    name, colon, version = text.partition(":")
    checked_name(name)
    if not colon:
        return name, None
    return name, checked_version(version)


def checked_version(version: int | str) -> str:
    """A version as the API spells it. Raises `GridError` for all but a number from 1, `latest` and `@TAG`."""
    text = str(version)
    if text.startswith("@") and NAME.match(text[1:]):
        return text
    if isinstance(version, bool) or not (text == "latest" or re.match(r"[1-9][0-9]{0,17}\Z", text, re.ASCII)):
        raise GridError(f"{version!r} is no version: it is a number from 1, 'latest' or '@TAG'", "invalid_argument")
    return text
