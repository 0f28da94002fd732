#!/usr/bin/python3
"""One signed request to an S3 server, for keys that curl cannot take (with a colon): s3_request.py METHOD
URL ACCESS_KEY SECRET. Prints the body; exits with 1 unless the answer is a success."""
import hashlib
import hmac
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

method, url, key, secret = sys.argv[1:]
parts = urllib.parse.urlsplit(url)
query = "&".join(f"{urllib.parse.quote(k, '-_.~')}={urllib.parse.quote(v, '-_.~')}"
                 for k, v in sorted(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)))
now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
scope = f"{now[:8]}/us-east-1/s3/aws4_request"
digest = hashlib.sha256(b"").hexdigest()
headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": now}
names = ";".join(sorted(headers))
request = "\n".join([method, parts.path, query, *(f"{n}:{headers[n]}" for n in sorted(headers)), "", names, digest])
text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
signing = b"AWS4" + secret.encode()
for piece in scope.split("/"):
    signing = hmac.new(signing, piece.encode(), hashlib.sha256).digest()
signature = hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    with opener.open(urllib.request.Request(url, method=method, headers=headers)) as answer:
        sys.stdout.buffer.write(answer.read())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode(errors="replace"), file=sys.stderr)
    sys.exit(1)
