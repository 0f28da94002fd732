#!/usr/bin/python3
"""A small S3 and STS on loopback, for what the tests' real server lacks: external ids.

    s3_standin.py PORT FOLDER CONFIG

FOLDER/BUCKET/KEY are the objects. CONFIG is JSON:

    {"users": {"KEY": {"secret": "…", "arn": "…", "may_read": ["BUCKET"]}},
     "roles": {"ARN": {"trusts": ["USER ARN"], "external_id": "…", "may_read": ["BUCKET"]}}}

It is read again for every request, so that a test can change it. Signatures and session tokens are checked as
AWS does; only listing, reading and GetBucketLocation are ever allowed. AssumeRole requires the external id if
the role has one. GET honours If-Match and Range. Standard output gets a line for each request: allowed or
refused.
"""
import hashlib
import hmac
import http.server
import json
import os
import secrets
import sys
import time
import urllib.parse
from xml.sax.saxutils import escape

port, folder, config_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
sessions = {}  # access key: {"secret", "token", "arn", "may_read"}


def config():
    with open(config_file) as file:
        return json.load(file)


def hmac_of(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quoted(text, safe="-_.~"):
    return urllib.parse.quote(text, safe=safe)


class Refusal(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def caller(self, body):
        """Who has signed the request, after checking that they did."""
        words = self.headers.get("Authorization", "")
        if not words.startswith("AWS4-HMAC-SHA256 "):
            raise Refusal(403, "AccessDenied")
        parts = dict(word.strip().split("=", 1) for word in words.split(" ", 1)[1].split(","))
        key, date, region, service, _ = parts["Credential"].split("/")
        user = config()["users"].get(key) or sessions.get(key)
        if user is None:
            raise Refusal(403, "InvalidAccessKeyId")
        if self.headers.get("x-amz-security-token", "") != user.get("token", ""):
            raise Refusal(403, "InvalidToken")
        path, _, query = self.path.partition("?")
        pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
        names = parts["SignedHeaders"].split(";")
        if "host" not in names or any(name.lower().startswith("x-amz-") and name.lower() not in names
                                      for name in self.headers):
            raise Refusal(403, "AccessDenied")
        digest = hashlib.sha256(body).hexdigest()
        if self.headers.get("x-amz-content-sha256", digest) != digest:
            raise Refusal(400, "XAmzContentSHA256Mismatch")
        request = "\n".join([
            self.command, quoted(urllib.parse.unquote(path), "/-_.~"),
            "&".join(f"{quoted(k)}={quoted(v)}" for k, v in pairs),
            "".join(f"{name}:{' '.join(self.headers[name].split())}\n" for name in names),
            parts["SignedHeaders"], digest])
        when = self.headers["x-amz-date"]
        scope = f"{date}/{region}/{service}/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", when, scope, hashlib.sha256(request.encode()).hexdigest()])
        signing = hmac_of(hmac_of(hmac_of(hmac_of(b"AWS4" + user["secret"].encode(), date), region),
                                  service), "aws4_request")
        if not hmac.compare_digest(hmac_of(signing, text).hex(), parts["Signature"]):
            raise Refusal(403, "SignatureDoesNotMatch")
        return user

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.serve(lambda: self.security_token_service(self.caller(body), body))

    def do_GET(self):
        self.serve(lambda: self.bucket(self.caller(b"")))

    do_HEAD = do_GET

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.serve(lambda: self.refuse_write(self.caller(body)))

    do_DELETE = do_PUT

    def refuse_write(self, _):
        raise Refusal(403, "AccessDenied")

    def serve(self, respond):
        what = f"{self.command} {self.path}"
        try:
            respond()
            print(f"allowed {what}", flush=True)
        except Refusal as refusal:
            print(f"refused {refusal.code} {what}", flush=True)
            self.answer(refusal.status, f"<Error><Code>{refusal.code}</Code></Error>".encode())

    def security_token_service(self, user, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        if form["Action"] == "GetCallerIdentity":
            return self.answer(200, f"<R><Arn>{user['arn']}</Arn></R>".encode())
        role = config()["roles"].get(form.get("RoleArn"))
        if (form["Action"] != "AssumeRole" or role is None or user["arn"] not in role["trusts"]
                or role.get("external_id") not in (None, form.get("ExternalId"))):
            raise Refusal(403, "AccessDenied")
        key = "ASIA" + secrets.token_hex(8).upper()
        sessions[key] = {"secret": secrets.token_hex(16), "token": secrets.token_hex(16),
                         "arn": form["RoleArn"], "may_read": role["may_read"]}
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        self.answer(200, (f"<R><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>"
                          f"{sessions[key]['secret']}</SecretAccessKey><SessionToken>{sessions[key]['token']}"
                          f"</SessionToken><Expiration>{until}</Expiration></Credentials></R>").encode())

    def bucket(self, user):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        bucket, _, key = urllib.parse.unquote(url.path).lstrip("/").partition("/")
        if bucket not in user.get("may_read", []) or set(query) & {"policy", "acl", "versions", "tagging"}:
            raise Refusal(403, "AccessDenied")
        if "location" in query:
            return self.answer(200, b"<LocationConstraint>us-east-1</LocationConstraint>")
        if not key:
            return self.list(os.path.join(folder, bucket), query)
        self.object(os.path.join(folder, bucket, key))

    def list(self, top, query):
        keys = sorted(os.path.relpath(os.path.join(place, name), top)
                      for place, _, names in os.walk(top) for name in names)
        after = query.get("continuation-token", "")
        keys = [key for key in keys if key.startswith(query.get("prefix", "")) and key > after]
        page = keys[:int(query.get("max-keys", 1000))]
        more = len(page) < len(keys)
        items = "".join(
            f"<Contents><Key>{escape(quoted(key, '/-_.~'))}</Key><Size>{os.path.getsize(os.path.join(top, key))}"
            f"</Size><ETag>{etag_of(os.path.join(top, key))}</ETag>"
            f"<LastModified>2026-11-23T00:00:00.000Z</LastModified></Contents>" for key in page)
        token = f"<NextContinuationToken>{quoted(page[-1])}</NextContinuationToken>" if more else ""
        self.answer(200, (f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>"
                          f"{str(more).lower()}</IsTruncated>{token}{items}</ListBucketResult>").encode())

    def object(self, file):
        if not os.path.isfile(file):
            raise Refusal(404, "NoSuchKey")
        etag = etag_of(file)
        if self.headers.get("If-Match", etag).strip('"') != etag.strip('"'):
            raise Refusal(412, "PreconditionFailed")
        with open(file, "rb") as bytes_of:
            data = bytes_of.read()
        headers = [("ETag", etag)]
        wanted = self.headers.get("Range")
        if not wanted:
            return self.answer(200, data, headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        if int(first) >= len(data):
            raise Refusal(416, "InvalidRange")
        part = data[int(first):int(last) + 1 if last else None]
        headers.append(("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"))
        self.answer(206, part, headers)


def etag_of(file):
    with open(file, "rb") as data:
        return f'"{hashlib.md5(data.read()).hexdigest()}"'


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
