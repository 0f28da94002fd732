#!/usr/bin/python3
"""A proxy before an HTTP server on loopback that does what networks and busy servers do.

    fault_proxy.py PORT TARGET_PORT SEED RATE [FAULT…]

Every request has the chance RATE to meet one of the faults:

    503     answers SlowDown, without asking the server
    500     answers InternalError
    reset   resets the connection before the server hears of it
    lost    lets the server do it, and resets the connection in place of the answer
    cut     breaks the connection within the answer's body
    stall   lets the server do it, and never answers

It prints "faults N requests M" when it is terminated.
"""
import random
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
        if fault in ("503", "500"):
            code = b"SlowDown" if fault == "503" else b"InternalError"
            text = b"<Error><Code>" + code + b"</Code></Error>"
            conn.sendall(b"HTTP/1.1 %s X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                         % (fault.encode(), len(text), text))
            return
        if fault == "reset":
            return reset(conn)
        answer = ask_server(head, body)
        if fault == "lost":
            return reset(conn)
        if fault == "stall":
            return time.sleep(60)
        if fault == "cut":
            start = answer.index(b"\r\n\r\n") + 4
            conn.sendall(answer[:start + (len(answer) - start) // 2])
            return reset(conn)
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
