"""Answers ListObjectsV2 for a bucket of COUNT objects that do not exist: list_server.py COUNT

For measuring what a listing costs on our side: the server itself is quick, and reads are refused.
Keys are class-0000/0000000.jpg and so on, in 1,000 classes. Prints its port.
"""
import hashlib, http.server, sys, urllib.parse

count = int(sys.argv[1])

def key_of(i):
    return f"data/class-{i * 1000 // count:04d}/{i:08d}.jpg"

def item(i):
    etag = hashlib.md5(b"%d" % i).hexdigest()
    return (f"<Contents><Key>{key_of(i)}</Key><LastModified>2024-05-06T07:08:09.000Z</LastModified>"
            f"<ETag>&quot;{etag}&quot;</ETag><Size>{100_000 + i % 1000}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>")

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        if query.get("list-type") != ["2"]:
            return self.answer(403, b"")
        begin = int(query.get("continuation-token", ["0"])[0])
        end = min(count, begin + int(query["max-keys"][0]))
        body = "<ListBucketResult><EncodingType>url</EncodingType>"
        if not key_of(0).startswith(query["prefix"][0][:5]):
            begin = end = count
        body += "".join(map(item, range(begin, end)))
        if end < count:
            body += f"<IsTruncated>true</IsTruncated><NextContinuationToken>{end}</NextContinuationToken>"
        self.answer(200, (body + "</ListBucketResult>").encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
