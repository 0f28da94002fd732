"""Requests to a grid server, over connections that are kept.

`Connection` is the one way in which the package talks to a store: what a datastore, a version or a file system asks is a
call of `call()` or `stream()`. To the server of this machine it goes over a Unix socket, where `_frames.py` has a faster
way for the bytes of files; who gets none by it asks here.

A request that fails on the way is sent again, with growing pauses, until the server has not answered for `patience`
seconds: a server may be killed and started again meanwhile. Everything that this package asks may be asked twice.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Protocol
from urllib.parse import urlsplit

from ._errors import GridError, PermissionDeniedError, UnavailableError, error_of
from ._fork import tell_after_fork

__all__ = ["Address", "Answer", "Connection", "CutShort", "FixedServer", "ServerLocation", "Stream", "patience"]

IDLE_SECONDS_MAX = 55.0  # the server ends a connection after 75 seconds without a request
IDLE_COUNT_MAX = 16
FIRST_PATIENCE = 5.0  # seconds, while nothing has ever answered at the address
PAUSE_MAX = 4.0  # seconds between two attempts
CUTS_MAX = 3  # answers to one request that a server which listens has cut
CUTS = (http.client.RemoteDisconnected, http.client.IncompleteRead)
WAIT_STATUSES = (429, 502, 503, 504)


@dataclass(frozen=True)
class Address:
    """Where a server listens, and what tells it who asks."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    socket: str = ""  # the path of a Unix socket, of a server on this machine; `url` is then a name for it


class ServerLocation(Protocol):
    """Knows where the server is, be it that it starts one. Thread-safe."""

    def address(self) -> Address:
        """Raises `GridError` if there is none and none can be started."""

    def lost(self, address: Address) -> None:
        """Says that nothing answered there."""


class FixedServer:
    """A server that somebody runs: its address does not change."""

    def __init__(self, url: str, find_token: Callable[[], str]) -> None:
        self._address = Address(url)
        self._find_token = find_token

    def address(self) -> Address:
        if not self._address.headers:  # who logs in later need not begin again
            token = self._find_token()
            if token:
                self._address = Address(self._address.url, {"Authorization": f"Bearer {token}"})
        return self._address

    def lost(self, address: Address) -> None:
        pass


@dataclass
class Answer:
    """What a server answered. The names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """The body as JSON. Raises `GridError` (`unsupported`) for what no grid server sends."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise GridError("the answer is no document of a grid server", "unsupported")
        return found


class Stream:
    """A body that is read piece by piece. Used by one thread, inside the `with` that gave it."""

    def __init__(self, response: http.client.HTTPResponse, headers: dict[str, str]) -> None:
        self._response = response
        self.status = response.status
        self.headers = headers

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, fewer only at the end of the body; raises an `OSError` if the connection is cut."""
        pieces = []
        while size > 0:
            piece = self._response.read(size)
            if not piece:
                if self._response.length:  # the server promised more
                    raise ConnectionResetError("the body ended early")
                break
            pieces.append(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Connection:
    """Sends requests to one server. Thread-safe; a forked child makes connections of its own."""

    def __init__(self, location: ServerLocation) -> None:
        self._location = location
        self._answered = False
        self._contexts: dict[str, Any] = {}
        self.request_count = 0  # sent, repeats included; for tests and the curious, not exact between threads
        # guarded by _lock: (since when, address, connection)
        self._idle: list[tuple[float, Address, http.client.HTTPConnection]] = []
        self._lock = threading.Lock()
        tell_after_fork(self)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self.close()  # this process's descriptors alone: the parent's connections go on

    def close(self) -> None:
        """Closes idle connections. The next request opens one again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, _, connection in idle:
            connection.close()

    def call(self, method: str, target: str, *, body: bytes | None = None, headers: dict[str, str] | None = None,
             accept: tuple[int, ...] = (), timeout: float = 60, repeat: bool = True) -> Answer:
        """Sends a request and reads the whole answer.

        `target` is the path with its query, as in `/api/v1/datastores`. An answer whose status is below 300 or in
        `accept` is returned; every other becomes the `GridError` that it describes. `timeout` is in seconds and for
        each wait on the network. With `repeat` false a request that may have arrived is not sent again.
        """
        for attempt in self._attempts(repeat):
            with attempt:
                connection, address = self._connection(timeout)
                attempt.address = address
                response = self._send(connection, address, method, target, body, headers)
                content = response.read()
                self._give_back(connection, address, response)
                answer = Answer(response.status, lower_headers(response), content)
                if answer.status >= 300 and answer.status not in accept:
                    raise self._failure(answer, address)
                return answer
        raise AssertionError("unreachable")

    def document(self, method: str, target: str, *, body: bytes | None = None) -> dict[str, Any]:
        """The JSON document that answers a request."""
        return self.call(method, target, body=body).document()

    @contextmanager
    def stream(self, method: str, target: str, *, body: bytes | None = None,
               headers: dict[str, str] | None = None) -> Iterator[Stream]:
        """Sends a request and gives its answer to read; what is left unread when the block ends is dropped.

        A failure inside the block is the caller's to repeat: an `OSError` that is no `GridError`, or an
        `http.client.HTTPException`.
        """
        opened = None
        for attempt in self._attempts(True):
            with attempt:
                connection, address = self._connection(60)
                attempt.address = address
                response = self._send(connection, address, method, target, body, headers)
                found = lower_headers(response)
                if response.status >= 300:
                    content = response.read()
                    self._give_back(connection, address, response)
                    raise self._failure(Answer(response.status, found, content), address)
                opened = (connection, address, response, found)
                break
        assert opened is not None
        connection, address, response, found = opened
        whole = False
        try:
            yield Stream(response, found)
            whole = response.isclosed()
        finally:
            if whole:
                self._give_back(connection, address, response)
            else:
                connection.close()

    def tell_lost(self, address: Address) -> None:
        """Says that a server did not answer: the next request looks where one is."""
        self._location.lost(address)

    def is_well(self, address: Address) -> bool:
        """Whether the server answers, for what it cuts an answer all the same; a killed one does not."""
        connection = self._open(address)
        connection.timeout = 5
        try:
            response = self._send(connection, address, "GET", "/healthz", None, None)
            return response.status == 200 and bool(response.read())
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    # What follows is one request's way.

    def _attempts(self, repeat: bool) -> Iterator[_Attempt]:
        clock = _Patience(self)
        while True:
            attempt = _Attempt(clock, self, repeat)
            yield attempt
            if attempt.failed is None:
                return

    def _connection(self, timeout: float) -> tuple[http.client.HTTPConnection, Address]:
        address = self._location.address()
        now = time.monotonic()
        stale = []
        found = None
        with self._lock:
            while self._idle and found is None:
                since, where, connection = self._idle.pop()
                if where == address and now - since < IDLE_SECONDS_MAX:
                    found = connection
                else:
                    stale.append(connection)
        for connection in stale:
            connection.close()
        if found is None:
            found = self._open(address)
        found.timeout = timeout
        if found.sock is not None:
            found.sock.settimeout(timeout)
        return found, address

    def _open(self, address: Address) -> http.client.HTTPConnection:
        if address.socket:
            return _OverSocket(address.socket)
        url = urlsplit(address.url)
        host = url.hostname or ""
        proxy = proxy_for(url.scheme, host)
        if url.scheme == "http":
            if proxy is not None:
                return _ThroughProxy(*proxy, target=f"http://{url.netloc}")
            return http.client.HTTPConnection(host, url.port)
        context = self._contexts.get(host)
        if context is None:
            import ssl

            context = ssl.create_default_context()
            environment = os.environ
            for file in (environment.get("AWS_CA_BUNDLE"),
                         environment.get("SSL_CERT_FILE") or environment.get("CURL_CA_BUNDLE")):
                if file:
                    context.load_verify_locations(file)
            self._contexts[host] = context
        if proxy is not None:
            tunnel = http.client.HTTPSConnection(*proxy, context=context)
            tunnel.set_tunnel(host, url.port or 443)
            return tunnel
        return http.client.HTTPSConnection(host, url.port, context=context)

    def _send(self, connection: http.client.HTTPConnection, address: Address, method: str, target: str,
              body: bytes | None, headers: dict[str, str] | None) -> http.client.HTTPResponse:
        self.request_count += 1
        prefix = "" if address.socket else urlsplit(address.url).path.rstrip("/")
        try:
            connection.request(method, prefix + target, body=body, headers={**address.headers, **(headers or {})})
            return connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def _give_back(self, connection: http.client.HTTPConnection, address: Address,
                   response: http.client.HTTPResponse) -> None:
        self._answered = True
        if response.will_close or connection.sock is None:
            connection.close()
            return
        with self._lock:
            if len(self._idle) < IDLE_COUNT_MAX:
                self._idle.append((time.monotonic(), address, connection))
                return
        connection.close()

    def _failure(self, answer: Answer, address: Address) -> GridError:
        try:
            error = answer.document()["error"]
            failure = error_of(str(error["kind"]), str(error["message"]))
        except (GridError, KeyError, TypeError):
            failure = GridError(
                f"{address.url} answers with status {answer.status}, and not as a grid server does: see whether the "
                "URL is right", "unavailable" if answer.status in WAIT_STATUSES else "unsupported")
        if answer.status in (401, 403) and not isinstance(failure, PermissionDeniedError):
            failure = PermissionDeniedError(failure.message)
        if answer.status in WAIT_STATUSES:
            return _AskAgain(failure)
        return failure


class _OverSocket(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        from ._frames import connect_to

        self.sock = connect_to(self._path, self.timeout)


class _ThroughProxy(http.client.HTTPConnection):
    """A proxy is asked for whole URLs, in the name of their own host."""

    def __init__(self, host: str, port: int, target: str) -> None:
        super().__init__(host, port)
        self._target = target

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        super().putrequest(method, self._target + url, skip_host, skip_accept_encoding)


def proxy_for(scheme: str, host: str) -> tuple[str, int] | None:
    """The proxy that the environment names for a server, as the program grid takes it; None for none.

    HTTP_PROXY in capitals is ignored, as web servers set it from a request's header. This machine needs no proxy.
    """
    environment = os.environ
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return None
    found = environment.get(f"{scheme}_proxy") or (environment.get("HTTPS_PROXY") if scheme == "https" else None)
    found = found or environment.get("all_proxy") or environment.get("ALL_PROXY")
    for excluded in (environment.get("no_proxy") or environment.get("NO_PROXY") or "").split(","):
        excluded = excluded.strip().lstrip(".")
        if excluded == "*" or excluded and (host == excluded or host.endswith("." + excluded)):
            return None
    if not found:
        return None
    proxy = urlsplit(found if "://" in found else "http://" + found)
    if proxy.scheme != "http" or not proxy.hostname:
        raise GridError(f"the proxy {proxy.scheme}://{proxy.hostname} cannot be used from Python: only http:// proxies "
                        "can; no_proxy excludes servers", "unsupported")
    return proxy.hostname, proxy.port or 80


def lower_headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


class _AskAgain(UnavailableError):
    """The server says that it cannot answer now."""

    def __init__(self, reason: GridError) -> None:
        super().__init__(reason.message, reason.kind)
        self.reason = reason


class CutShort(GridError):
    """The server cut its answer again and again: it does so for a file with bytes that are damaged or out of reach."""

    default_kind = "corrupt"


class _Patience:
    """How long one request is repeated."""

    def __init__(self, connection: Connection) -> None:
        self.seconds = patience() if connection._answered else min(FIRST_PATIENCE, patience())
        self.end: float | None = None  # set by the first failure, so that a slow answer is no failure
        self.pause = 0.02
        self.cuts = 0  # one after the other

    def wait(self) -> bool:
        """Waits before the next attempt; false if the time is over."""
        now = time.monotonic()
        if self.end is None:
            self.end = now + self.seconds
        if now >= self.end:
            return False
        time.sleep(self.pause * random.uniform(0.5, 1))
        self.pause = min(self.pause * 2, PAUSE_MAX)
        return True


class _Attempt:
    """One attempt: takes in what a repeat may cure."""

    def __init__(self, clock: _Patience, connection: Connection, repeat: bool) -> None:
        self._clock, self._connection, self._repeat = clock, connection, repeat
        self.failed: BaseException | None = None
        self.address: Address | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, failure: BaseException | None, trace: Any) -> bool:
        if failure is None:
            return False
        self.failed = failure
        if isinstance(failure, _AskAgain):
            if self._clock.wait():
                return True
            raise failure.reason from None
        if isinstance(failure, GridError) or not isinstance(failure, (OSError, http.client.HTTPException)):
            return False
        where = self.address.url if self.address else "the server"
        if self.address is not None:
            self._connection._location.lost(self.address)
        if type(failure).__name__ == "SSLCertVerificationError":
            raise GridError(
                f"cannot trust {where}: {failure}; SSL_CERT_FILE names a file with its authority's certificate",
                "permission_denied") from failure
        self._connection.close()  # those that are idle may be as dead as this one
        if isinstance(failure, CUTS) and self.address is not None and self._connection.is_well(self.address):
            self._clock.cuts += 1
        if self._clock.cuts >= CUTS_MAX:
            raise CutShort(
                f"{where} cut its answer {CUTS_MAX} times, as a server does when bytes are damaged or its store does "
                "not give them; grid datastore verify says which") from failure
        if self._repeat and self._clock.wait():
            return True
        raise UnavailableError(
            f"cannot reach the grid server at {where}: {str(failure) or type(failure).__name__}; see whether it runs, "
            "and whether this machine can reach it") from failure


def patience() -> float:
    """For how many seconds a server that does not answer is asked again: GRID_PATIENCE, else five minutes."""
    try:
        return max(0.0, float(os.environ.get("GRID_PATIENCE", "")))
    except ValueError:
        return 300.0
