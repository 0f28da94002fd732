#!/usr/bin/python3
"""A proxy in front of an HTTP server on loopback that fails as networks and busy servers do.

    fault_proxy.py PORT TARGET_PORT SEED RATE [FAULT…]

Every request meets one of the faults with probability RATE:

    503     answers SlowDown, without asking the server
    500     answers InternalError; 429, 502 and 504 likewise
    expired answers that the token has expired
    skew    answers that the clocks differ, with a Date that is off by some seconds
    region  answers 301: the bucket is in a region other than the signed one
    reset   resets the connection before the server gets the request
    lost    passes the request on, and resets the connection instead of answering
    cut     resets the connection within the answer's body
    short   ends the connection within the answer's body, without a reset
    wrong   flips one bit of the answer's body, of a GET below packs/
    stall   passes the request on, and does not answer

It prints "faults N requests M" when it is terminated.
"""
import email.utils
import random
import re
import signal
import socket
import struct
import sys
import threading
import time

port, target, seed, rate = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
faults = sys.argv[5:] or ["503", "500", "reset", "lost", "cut", "stall"]
choose = random.Random(seed)
lock = threading.Lock()
counts = {"faults": 0, "requests": 0}


def next_fault():
    with lock:
        counts["requests"] += 1
        if choose.random() >= rate:
            return None
        counts["faults"] += 1
        return choose.choice(faults)


statuses = {"429": "TooManyRequests", "500": "InternalError", "502": "BadGateway", "503": "SlowDown",
            "504": "GatewayTimeout", "expired": "ExpiredToken", "skew": "RequestTimeTooSkewed",
            "region": "PermanentRedirect"}
numbers = {"expired": 400, "skew": 403, "region": 301}


def refusal(fault, head):
    """An answer that the server did not give."""
    text = b"<Error><Code>%s</Code></Error>" % statuses[fault].encode()
    more = b""
    if fault == "skew":
        more = b"Date: %s\r\n" % email.utils.formatdate(time.time() + choose.randint(-60, 60),
                                                       usegmt=True).encode()
    if fault == "region":
        signed = re.search(rb"Credential=[^/]*/\d+/([^/]+)/", head)
        here = signed.group(1) if signed else b""
        regions = [r for r in (b"eu-west-1", b"eu-north-1", b"us-east-1") if r != here]
        more = b"x-amz-bucket-region: %s\r\n" % choose.choice(regions)
    return (b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            % (numbers.get(fault) or int(fault), more, len(text), text))


def read_head(conn, unread):
    while b"\r\n\r\n" not in unread:
        piece = conn.recv(65536)
        if not piece:
            return None, b""
        unread += piece
    head, _, rest = unread.partition(b"\r\n\r\n")
    return head, rest


def value_of(head, name):
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return None


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def ask_server(head, body):
    lines = [line for line in head.split(b"\r\n")
             if not line.lower().startswith((b"connection:", b"expect:"))]
    with socket.create_connection(("127.0.0.1", target)) as server:
        server.sendall(b"\r\n".join(lines) + b"\r\nConnection: close\r\n\r\n" + body)
        answer = b""
        while piece := server.recv(1 << 20):
            answer += piece
    return answer


def serve(conn):
    try:
        head, body = read_head(conn, b"")
        if head is None:
            return
        if (value_of(head, b"expect") or b"").lower() == b"100-continue":
            conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        size = int(value_of(head, b"content-length") or 0)
        while len(body) < size:
            piece = conn.recv(1 << 20)
            if not piece:
                return
            body += piece
        fault = next_fault()
        if fault in statuses:
            return conn.sendall(refusal(fault, head))
        if fault == "reset":
            return reset(conn)
        answer = ask_server(head, body)
        if fault == "lost":
            return reset(conn)
        if fault == "stall":
            return time.sleep(60)
        start = answer.index(b"\r\n\r\n") + 4
        if fault in ("cut", "short"):
            conn.sendall(answer[:start + (len(answer) - start) // 2])
            return reset(conn) if fault == "cut" else None
        if fault == "wrong" and head.startswith(b"GET ") and b"/packs/" in head and start < len(answer):
            at = choose.randrange(start, len(answer))
            answer = answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1:]
        conn.sendall(answer)
    except OSError:
        pass
    finally:
        conn.close()


def end(*_):
    print("faults %(faults)d requests %(requests)d" % counts, flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
listener = socket.create_server(("127.0.0.1", port), backlog=256)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
