#include "server/s3/gateway.h"

#include "base/utc.h"
#include "server/s3/gateway_fixture.h"

namespace grid::server::s3 {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::system_clock;

class GatewayTest : public GatewayFixture {
 protected:
  GatewayTest() {
    write("source/a.txt", "0123456789"), write("source/empty", ""), write("source/page.html");
    write("source/folder/big", std::string(3 << 20, 'x'));
    write("source/sub folder/é+&.txt", "odd");
    std::filesystem::create_directories(node_ / "source/hollow");
    node_.create(*store_, "cats", "source");
    node_.create(*store_, "cats-secret", "source");
  }

  // A request signed in its query, with what is left of `target`'s query signed too.
  struct Presigned {
    std::string target = "/s3/cats/1/a.txt";
    std::string method = "GET";
    std::string time = format_utc(system_clock::now(), "%Y%m%dT%H%M%SZ");
    std::string lasts = "60";
    net::NamedTexts more{};  // further parameters
  };
  Request presigned(const Presigned& wanted) {
    const net::SignedScope scope{wanted.time, "us-east-1", "s3"};
    net::NamedTexts parameters = {
        {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
        {"X-Amz-Credential", encoded(key_.access_key_id + "/" + scope.text())},
        {"X-Amz-Date", wanted.time},
        {"X-Amz-Expires", wanted.lasts},
        {"X-Amz-SignedHeaders", "host"}};
    parameters.insert(parameters.end(), wanted.more.begin(), wanted.more.end());
    const std::string signature = net::aws_signature({.method = wanted.method,
                                                      .path = wanted.target,
                                                      .parameters = parameters,
                                                      .headers = {{"host", "localhost:8080"}},
                                                      .body_digest = "UNSIGNED-PAYLOAD"},
                                                     scope, key_.secret_access_key);
    std::string target = wanted.target + "?";
    for (const auto& [name, value] : parameters) target += name + "=" + value + "&";
    return {.method = wanted.method,
            .target = target + "X-Amz-Signature=" + signature,
            .headers = {{"Host", "localhost:8080"}}};
  }
};

const std::string file = "/s3/cats/1/a.txt";

TEST_F(GatewayTest, ListsTheDatastoresThatAKeyReaches) {
  const std::string all = get("/s3/").body;
  EXPECT_NE(all.find("<Name>cats</Name>"), all.npos);
  EXPECT_NE(all.find("<Name>cats-secret</Name>"), all.npos);
  EXPECT_EQ(get("/s3").status, 200);
  const std::string page = get("/s3/?max-buckets=1").body;
  EXPECT_EQ(page.find("cats-secret"), page.npos);
  const std::size_t token = page.find("<ContinuationToken>");
  ASSERT_NE(token, page.npos);
  const std::string next = page.substr(token + 19, page.find("</ContinuationToken>") - token - 19);
  EXPECT_EQ(get("/s3/?continuation-token=" + next).body.find("<Name>cats</Name>"), page.npos);
  EXPECT_EQ(get("/s3/?prefix=cats-").body.find("<Name>cats</Name>"), page.npos);

  key_ = make_key({"cats"});
  const std::string limited = get("/s3/").body;
  EXPECT_NE(limited.find("<Name>cats</Name>"), limited.npos);
  EXPECT_EQ(limited.find("cats-secret"), limited.npos);
  EXPECT_EQ(error_of(get("/s3/cats-secret")), "404 NoSuchBucket");
  EXPECT_EQ(error_of(get("/s3/cats-secret/1/a.txt")), "404 NoSuchBucket");
  Request climbing = signed_request("GET", "/s3/cats/../cats-secret/1/a.txt");
  EXPECT_EQ(error_of(send(climbing)), "404 NoSuchKey");
  climbing.target = "/s3/cats%2F..%2fcats-secret/1/a.txt";
  EXPECT_EQ(error_of(send(climbing)), "404 NoSuchKey");
  EXPECT_EQ(head("/s3/cats-secret").status, 404);
}

TEST_F(GatewayTest, KnowsItsBuckets) {
  Response there = head("/s3/cats");
  EXPECT_EQ(there.status, 200);
  EXPECT_EQ(there.headers.get("x-amz-bucket-region"), "us-east-1");
  EXPECT_EQ(head("/s3/cats/").status, 200);
  Response none = head("/s3/none");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.headers.get("x-amz-bucket-region"), "us-east-1");
  EXPECT_EQ(none.body, "");
  for (const char* name : {"none", "Cats", "..", "%2e%2e", "cats%00"})
    EXPECT_GE(get(std::string("/s3/") + name).status, 400) << name;
  EXPECT_NE(get("/s3/cats?location").body.find("LocationConstraint"), std::string::npos);
  EXPECT_EQ(get("/s3/cats?location").body.find("us-east-1"), std::string::npos);
}

TEST_F(GatewayTest, NeverListsForASubresource) {
  for (const char* name : {"versioning", "acl", "requestPayment", "logging", "notification"}) {
    Response response = get(std::string("/s3/cats?") + name);
    EXPECT_EQ(response.status, 200) << name;
    EXPECT_EQ(response.body.find("ListBucketResult"), std::string::npos) << name;
  }
  for (const char* name : {"tagging", "policy", "cors", "lifecycle", "website", "encryption"})
    EXPECT_EQ(get(std::string("/s3/cats?list-type=2&") + name).status, 404) << name;
  for (const char* name : {"uploads", "versions", "inventory", "analytics", "metrics", "session"}) {
    EXPECT_EQ(error_of(get(std::string("/s3/cats?") + name)), "501 NotImplemented") << name;
    EXPECT_EQ(error_of(get(std::string("/s3/cats?prefix=1&") + name + "=x")), "501 NotImplemented")
        << name;
  }
  EXPECT_EQ(error_of(get("/s3/none?acl")), "404 NoSuchBucket");
  EXPECT_NE(get(file + "?tagging").body.find("<TagSet></TagSet>"), std::string::npos);
  EXPECT_EQ(get(file + "?acl").status, 200);
  for (const char* name : {"torrent", "attributes", "uploadId=x", "restore"})
    EXPECT_EQ(error_of(get(file + "?" + name)), "501 NotImplemented") << name;
  EXPECT_EQ(body_of(get(file + "?x-id=GetObject&unknown")), "0123456789");
  EXPECT_EQ(error_of(get(file + "?versionId=7")), "404 NoSuchVersion");
  EXPECT_EQ(get(file + "?versionId=null").status, 200);
}

TEST_F(GatewayTest, RefusesEveryWriteBeforeItsBody) {
  for (const char* method : {"PUT", "POST", "DELETE", "PATCH", "OPTIONS"})
    for (const char* target : {"/s3/cats/1/a.txt", "/s3/cats", "/s3/new",
                               "/s3/cats?delete=", "/s3/cats/1/x?uploads=", "/s3/"}) {
      const Request request = signed_request(method, target);
      std::optional<Response> refusal = gateway_.admit(request).refusal;
      ASSERT_TRUE(refusal) << target;
      EXPECT_EQ(error_of(*refusal), "405 MethodNotAllowed") << method << " " << target;
      EXPECT_EQ(error_of(send(request)), "405 MethodNotAllowed");
      const Request unsigned_request{
          .method = method, .target = target, .headers = {{"Host", "localhost"}}};
      EXPECT_EQ(error_of(*gateway_.admit(unsigned_request).refusal), "403 AccessDenied");
    }
  // A body to what has none.
  EXPECT_EQ(error_of(*gateway_.admit(signed_request("GET", file)).refusal), "400 InvalidRequest");
}

TEST_F(GatewayTest, ReadsFilesWholeAndInRanges) {
  Response whole = get(file);
  EXPECT_EQ(whole.status, 200);
  const std::string etag(whole.headers.get("ETag"));
  EXPECT_EQ(etag.size(), 36u);  // 32 digits and "-1": no MD5
  EXPECT_TRUE(etag.ends_with("-1\"")) << etag;
  EXPECT_EQ(whole.headers.get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(whole.headers.get("Accept-Ranges"), "bytes");
  EXPECT_FALSE(whole.headers.get("Last-Modified").empty());
  EXPECT_FALSE(whole.headers.get("x-amz-request-id").empty());
  for (const char* name : {"x-amz-checksum-sha256", "x-amz-checksum-crc32", "Content-MD5"})
    EXPECT_FALSE(whole.headers.contains(name));
  EXPECT_EQ(body_of(std::move(whole)), "0123456789");
  EXPECT_EQ(body_of(get("/s3/cats/latest/a.txt")), "0123456789");

  const struct {
    const char* range;
    int status;
    const char* body;
    const char* content_range;
  } cases[] = {{"bytes=2-4", 206, "234", "bytes 2-4/10"},
               {"bytes=8-", 206, "89", "bytes 8-9/10"},
               {"bytes=8-100", 206, "89", "bytes 8-9/10"},
               {"bytes=-3", 206, "789", "bytes 7-9/10"},
               {"bytes=-100", 206, "0123456789", "bytes 0-9/10"},
               {"", 200, "0123456789", ""},
               {"bytes=", 200, "0123456789", ""},
               {"bytes=a-b", 200, "0123456789", ""},
               {"bytes=4-2", 200, "0123456789", ""},
               {"bytes=-", 200, "0123456789", ""},
               {"lines=1-2", 200, "0123456789", ""},
               {"bytes=0-1,4-5", 200, "0123456789", ""},
               {"bytes=10-", 416, "", "bytes */10"},
               {"bytes=10-20", 416, "", "bytes */10"},
               {"bytes=-0", 416, "", "bytes */10"}};
  for (const auto& one : cases) {
    Response read = get(file, {{"Range", one.range}});
    Response head_only = head(file, {{"Range", one.range}});
    EXPECT_EQ(read.status, one.status) << one.range;
    EXPECT_EQ(head_only.status, one.status) << one.range;
    EXPECT_EQ(read.headers.get("Content-Range"), one.content_range) << one.range;
    EXPECT_EQ(head_only.headers.get("Content-Range"), one.content_range) << one.range;
    EXPECT_EQ(head_only.body, "");
    if (one.status == 416) {
      EXPECT_EQ(error_of(read), "416 InvalidRange") << one.range;
      continue;
    }
    EXPECT_EQ(head_only.size, std::string_view(one.body).size()) << one.range;
    EXPECT_EQ(body_of(std::move(read)), one.body) << one.range;
  }
  EXPECT_EQ(body_of(get("/s3/cats/1/folder/big")), std::string(3 << 20, 'x'));
  EXPECT_EQ(body_of(get("/s3/cats/1/folder/big", {{"Range", "bytes=1-2097152"}})),
            std::string(2 << 20, 'x'));
  EXPECT_EQ(body_of(get("/s3/cats/1/sub%20folder/%C3%A9%2B%26.txt")), "odd");
  Response part = get(file + "?partNumber=1");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.headers.get("x-amz-mp-parts-count"), "1");
  EXPECT_EQ(error_of(get(file + "?partNumber=2")), "416 InvalidPartNumber");
}

TEST_F(GatewayTest, ReadsWhatIsEmpty) {
  EXPECT_EQ(body_of(get("/s3/cats/1/empty")), "");
  EXPECT_EQ(head("/s3/cats/1/empty").size, 0u);
  EXPECT_EQ(error_of(get("/s3/cats/1/empty", {{"Range", "bytes=0-"}})), "416 InvalidRange");
  EXPECT_EQ(get("/s3/cats/1/hollow/").headers.get("Content-Type"), "application/x-directory");
  EXPECT_EQ(head("/s3/cats/1/hollow/").size, 0u);
}

TEST_F(GatewayTest, FoldersAndOddPathsAreNoKeys) {
  for (const char* key : {"1", "1/", "latest", "1/folder", "1/folder/", "1/hollow", "1/hollow//",
                          "1/a.txt/", "1//a.txt", "1/./a.txt", "1/folder/../a.txt", "/1/a.txt",
                          "1/none", "9/a.txt", "01/a.txt", "x/a.txt", "a.txt"}) {
    Response response = head(std::string("/s3/cats/") + key);
    EXPECT_EQ(response.status, 404) << key;
    EXPECT_EQ(response.body, "");
    EXPECT_FALSE(response.headers.get("x-amz-bucket-region").empty());
    EXPECT_EQ(error_of(get(std::string("/s3/cats/") + key)), "404 NoSuchKey") << key;
  }
  EXPECT_EQ(error_of(get("/s3/none/1/a.txt")), "404 NoSuchBucket");
  // '/' is one however it is written, and what is signed is what is looked up.
  EXPECT_EQ(body_of(send(signed_request("GET", file))), "0123456789");
  Request slash = signed_request("GET", file);
  slash.target = "/s3/cats/1%2Fa%2etxt";
  EXPECT_EQ(body_of(send(slash)), "0123456789");
}

TEST_F(GatewayTest, KeepsConditions) {
  const Response whole = get(file);
  const std::string etag(whole.headers.get("ETag")), bare = etag.substr(1, etag.size() - 2);
  const std::string modified(whole.headers.get("Last-Modified"));
  const std::string before = "Sun, 06 Nov 1994 08:49:37 GMT",
                    after = "Tue, 19 Jan 2038 03:14:07 GMT";
  const struct {
    HttpHeaders headers;
    int status;
  } cases[] = {{{{"If-Match", etag}}, 200},
               {{{"If-Match", bare}}, 200},
               {{{"If-Match", "*"}}, 200},
               {{{"If-Match", "\"x\""}}, 412},
               {{{"If-None-Match", etag}}, 304},
               {{{"If-None-Match", bare}}, 304},
               {{{"If-None-Match", "\"x\""}}, 200},
               {{{"If-Modified-Since", before}}, 200},
               {{{"If-Modified-Since", modified}}, 304},
               {{{"If-Modified-Since", "nonsense"}}, 200},
               {{{"If-Unmodified-Since", before}}, 412},
               {{{"If-Unmodified-Since", modified}}, 200},
               {{{"If-Match", etag}, {"If-Unmodified-Since", before}}, 200},
               {{{"If-None-Match", "\"x\""}, {"If-Modified-Since", after}}, 200},
               {{{"Range", "bytes=1-2"}, {"If-Match", etag}}, 206},
               {{{"Range", "bytes=1-2"}, {"If-Range", etag}}, 206},
               {{{"Range", "bytes=1-2"}, {"If-Range", "\"x\""}}, 200},
               {{{"Range", "bytes=1-2"}, {"If-Range", modified}}, 206},
               {{{"Range", "bytes=1-2"}, {"If-Range", before}}, 200}};
  for (const auto& one : cases) {
    const auto first = one.headers.begin();
    EXPECT_EQ(get(file, one.headers).status, one.status) << first->name << " " << first->value;
    EXPECT_EQ(head(file, one.headers).status, one.status) << first->name << " " << first->value;
  }
  EXPECT_EQ(error_of(get(file, {{"If-Match", "x"}})), "412 PreconditionFailed");
  EXPECT_EQ(get(file, {{"If-None-Match", etag}}).headers.get("ETag"), etag);
}

TEST_F(GatewayTest, LetsNoFileActAsAPage) {
  Response page = get("/s3/cats/1/page.html");
  EXPECT_EQ(page.headers.get("Content-Disposition"), "attachment");
  EXPECT_EQ(page.headers.get("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(page.headers.get("Content-Security-Policy"), "sandbox; default-src 'none'");
  Response named = get(file +
                       "?response-content-type=text%2Fhtml&response-cache-control=no-store"
                       "&response-content-disposition=inline");
  EXPECT_EQ(named.headers.get("Content-Type"), "text/html");
  EXPECT_EQ(named.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(named.headers.get("Content-Disposition"), "attachment");
  const std::string disposition = "attachment; filename=\"x.html\"";
  EXPECT_EQ(get("/s3/cats/1/page.html?response-content-disposition=" + encoded(disposition))
                .headers.get("Content-Disposition"),
            disposition);
  EXPECT_EQ(error_of(get(file + "?response-content-type=a%0D%0AX%3A%20b")), "400 InvalidArgument");
}

TEST_F(GatewayTest, LetsNobodyInWithoutASignature) {
  const auto with = [&](HttpHeaders headers, const std::string& target = file) {
    headers.add("Host", "localhost:8080");
    return error_of(send({.method = "GET", .target = target, .headers = std::move(headers)}));
  };
  EXPECT_EQ(with({}), "403 AccessDenied");
  EXPECT_EQ(with({{"Authorization", "Bearer x"}}), "400 InvalidRequest");
  EXPECT_EQ(with({{"Authorization", "AWS " + key_.access_key_id + ":x"}}), "400 InvalidRequest");
  EXPECT_EQ(with({}, file + "?AWSAccessKeyId=x&Signature=y&Expires=1"), "400 InvalidRequest");
  EXPECT_EQ(with({{"Authorization", "AWS4-HMAC-SHA256 Credential=x"}}), "403 AccessDenied");
  Request request = signed_request("GET", file);
  EXPECT_EQ(send(request).status, 200);
  key_.secret_access_key.back() ^= 1;
  EXPECT_EQ(error_of(get(file)), "403 SignatureDoesNotMatch");
  key_.access_key_id = "AKIAIOSFODNN7EXAMPLE";
  EXPECT_EQ(error_of(get(file)), "403 InvalidAccessKeyId");
  // Nor by the token of the API, or its cookie.
  EXPECT_EQ(send({.method = "GET", .target = file}).status, 421);
  request.headers.set("Host", "evil.example");
  EXPECT_EQ(send(request).status, 421);
}

TEST_F(GatewayTest, RefusesWhatWasChangedAfterItWasSigned) {
  const Request request = signed_request("GET", file, {{"x-amz-meta-a", "1"}, {"Accept", "a  b"}});
  EXPECT_EQ(send(request).status, 200);
  const auto changed = [&](auto change) {
    Request other = request;
    change(other);
    return error_of(send(other));
  };
  const std::string mismatch = "403 SignatureDoesNotMatch";
  EXPECT_EQ(changed([](Request& r) { r.method = "HEAD"; }), "403 ");  // has no body
  EXPECT_EQ(changed([](Request& r) { r.target = "/s3/cats/1/empty"; }), mismatch);
  EXPECT_EQ(changed([](Request& r) { r.target += "?response-content-type=text/html"; }), mismatch);
  EXPECT_EQ(changed([](Request& r) { r.headers.set("Accept", "c"); }), mismatch);
  EXPECT_EQ(changed([](Request& r) { r.headers.set("x-amz-meta-a", "2"); }), mismatch);
  EXPECT_EQ(changed([](Request& r) { r.headers.add("x-amz-meta-a", "2"); }), mismatch);
  EXPECT_EQ(changed([](Request& r) { r.headers.set("Host", "127.0.0.1"); }), mismatch);
  EXPECT_EQ(changed([](Request& r) { r.headers.add("x-amz-acl", "x"); }), "403 AccessDenied");
  EXPECT_EQ(changed([](Request& r) { r.headers.add("X-AMZ-ACL", "x"); }), "403 AccessDenied");
  EXPECT_EQ(
      changed([](Request& r) { r.headers.set("x-amz-content-sha256", std::string(64, '0')); }),
      mismatch);
  // What means the same is the same.
  Request spaced = request;
  spaced.headers.set("Accept", " a b ");
  spaced.target = "/s3/c%61ts/1/a%2Etxt";
  EXPECT_EQ(send(spaced).status, 200);
}

TEST_F(GatewayTest, DecodesAndSortsWhatIsSigned) {
  // Signed as it should be, and then written as some clients write it.
  const auto status = [&](const std::string& signed_target, const std::string& sent) {
    Request request = signed_request("GET", signed_target);
    request.target = sent;
    return send(request).status;
  };
  EXPECT_EQ(
      status("/s3/cats/1/sub%20folder/%C3%A9%2B%26.txt", "/s3/cats/1/sub%20folder/%c3%a9+&.txt"),
      200);
  EXPECT_EQ(status("/s3/cats?delimiter=%2F&prefix=1%2F", "/s3/cats?prefix=1/&delimiter=/"), 200);
  EXPECT_EQ(status("/s3/cats?prefix=1%2Fa%20b", "/s3/cats?prefix=1/a+b"), 200);
  EXPECT_EQ(status("/s3/cats?a=1&a-b=2&a%3D=3&prefix=", "/s3/cats?prefix&a-b=2&a=1&a%3D=3"), 200);
  EXPECT_EQ(status("/s3/cats/1/folder/../a.txt", "/s3/cats/1/a.txt"), 403);
  for (const char* target : {"/s3/cats/%", "/s3/cats/%zz", "/s3/cats/1/a%00", "/s3/cats?a=%x"})
    EXPECT_EQ(error_of(send({.method = "GET", .target = target, .headers = {{"Host", "box"}}})),
              "400 InvalidURI")
        << target;
}

TEST_F(GatewayTest, RefusesOldAndEarlyRequests) {
  const auto at = [&](system_clock::duration shift) {
    return error_of(send(signed_request("GET", file, {}, system_clock::now() + shift)));
  };
  EXPECT_EQ(at(minutes(-14)), "200 ");
  EXPECT_EQ(at(minutes(14)), "200 ");
  EXPECT_EQ(at(minutes(-16)), "403 RequestTimeTooSkewed");
  EXPECT_EQ(at(minutes(16)), "403 RequestTimeTooSkewed");
  EXPECT_EQ(at(hours(24)), "403 RequestTimeTooSkewed");
  Request other_day = signed_request("GET", file);
  std::string header(other_day.headers.get("Authorization"));
  header.replace(header.find('/') + 1, 8, "20200101");
  other_day.headers.set("Authorization", header);
  EXPECT_EQ(error_of(send(other_day)), "400 AuthorizationHeaderMalformed");
  Request other_service = signed_request("GET", file);
  header = std::string(other_service.headers.get("Authorization"));
  header.replace(header.find("/s3/"), 4, "/sts/");
  other_service.headers.set("Authorization", header);
  EXPECT_EQ(error_of(send(other_service)), "400 AuthorizationHeaderMalformed");
}

TEST_F(GatewayTest, TakesLinksThatAreSignedInTheQuery) {
  EXPECT_EQ(body_of(send(presigned({}))), "0123456789");
  EXPECT_EQ(send(presigned({.method = "HEAD"})).size, 10u);
  EXPECT_EQ(send(presigned({.lasts = "604800"})).status, 200);
  EXPECT_EQ(send(presigned({.more = {{"response-content-type", "text%2Fcsv"}}}))
                .headers.get("Content-Type"),
            "text/csv");
  const auto refused = [&](const Presigned& wanted) { return error_of(send(presigned(wanted))); };
  const std::string malformed = "400 AuthorizationQueryParametersError";
  for (const char* lasts : {"604801", "0", "-1", "x", "", "99999999999999999999"})
    EXPECT_EQ(refused({.lasts = lasts}), malformed) << lasts;
  const auto at = [](system_clock::duration shift) {
    return format_utc(system_clock::now() + shift, "%Y%m%dT%H%M%SZ");
  };
  EXPECT_EQ(refused({.time = at(seconds(-61))}), "403 AccessDenied");
  EXPECT_EQ(refused({.time = at(hours(-1)), .lasts = "3700"}), "200 ");
  EXPECT_EQ(refused({.time = at(minutes(16))}), "403 AccessDenied");
  EXPECT_EQ(refused({.more = {{"X-Amz-Expires", "60"}}}), malformed);
  EXPECT_EQ(refused({.more = {{"X-Amz-Security-Token", "x"}}}), "400 InvalidToken");

  const Request good = presigned({});
  Request changed = good;
  changed.target.replace(changed.target.find("a.txt"), 5, "empty");
  EXPECT_EQ(error_of(send(changed)), "403 SignatureDoesNotMatch");
  changed = good;
  changed.target += "&response-content-type=text/html";
  EXPECT_EQ(error_of(send(changed)), "403 SignatureDoesNotMatch");
  changed = good;
  changed.method = "PUT";
  EXPECT_EQ(error_of(send(changed)), "403 SignatureDoesNotMatch");
  changed = good;
  changed.headers.add("x-amz-copy-source", "x");
  EXPECT_EQ(error_of(send(changed)), "403 AccessDenied");
}

TEST_F(GatewayTest, RefusesRequestsThatAreSignedTwice) {
  Request both = presigned({});
  both.headers.add("Authorization",
                   std::string(signed_request("GET", file).headers.get("Authorization")));
  EXPECT_EQ(error_of(send(both)), "400 InvalidArgument");
  for (const char* parameter :
       {"X-Amz-Signature=x", "x-amz-signature=x", "X-Amz-Algorithm=x", "x-amz-credential=x"})
    EXPECT_EQ(error_of(get(file + "?" + parameter)), "400 InvalidArgument") << parameter;
  Request twice = signed_request("GET", file);
  twice.headers.add("Authorization", "AWS4-HMAC-SHA256 x");
  EXPECT_EQ(error_of(send(twice)), "400 InvalidArgument");
}

TEST_F(GatewayTest, EndsKeysAtOnce) {
  EXPECT_EQ(get(file).status, 200);
  service::revoke_token(node_.settings(), key_.access_key_id.substr(4));
  EXPECT_EQ(error_of(get(file)), "403 InvalidAccessKeyId");
  const service::CreatedToken past =
      service::create_token(node_.settings(), {.lasts = seconds(-1), .for_s3 = true});
  key_ = {.access_key_id = service::s3_access_key_id(past.token), .secret_access_key = past.text};
  EXPECT_EQ(error_of(get(file)), "403 InvalidAccessKeyId");
}

TEST_F(GatewayTest, FindsBucketsInHosts) {
  const auto status = [&](Gateway& gateway, const std::string& host, const std::string& target) {
    net::HttpRequest to_sign{.method = "GET", .url = "http://" + host + target};
    net::sign(to_sign, key_, {.region = "r", .service = "s3", .time = system_clock::now()});
    Request request{.method = "GET", .target = target, .headers = to_sign.headers};
    request.headers.add("Host", host);
    EXPECT_TRUE(gateway.place().has(request));
    return error_of(gateway.answer(request));
  };
  EXPECT_EQ(status(gateway_, "cats.s3.example:8080", "/1/a.txt"), "200 ");
  EXPECT_EQ(status(gateway_, "CATS.S3.example", "/1/a.txt"), "200 ");
  EXPECT_EQ(status(gateway_, "cats.s3.example", "/?list-type=2"), "200 ");
  EXPECT_EQ(status(gateway_, "s3.example", "/cats/1/a.txt"), "200 ");
  EXPECT_EQ(status(gateway_, "none.s3.example", "/1/a.txt"), "404 NoSuchBucket");
  EXPECT_EQ(status(gateway_, "a.b.s3.example", "/1/a.txt"), "404 NoSuchBucket");
  Gateway own(api_, {.base = ""});
  EXPECT_EQ(status(own, "127.0.0.1:9000", "/cats/1/a.txt"), "200 ");
  EXPECT_EQ(status(own, "127.0.0.1:9000", "/cats/"), "200 ");
  EXPECT_EQ(status(own, "cats.s3.example", "/1/a.txt"), "421 InvalidRequest");

  const auto is_s3 = [&](const std::string& host, const std::string& target) {
    return gateway_.place().has({.method = "GET", .target = target, .headers = {{"Host", host}}});
  };
  EXPECT_TRUE(is_s3("localhost", "/s3"));
  EXPECT_TRUE(is_s3("localhost", "/s3?x"));
  EXPECT_FALSE(is_s3("localhost", "/s3x"));
  EXPECT_FALSE(is_s3("localhost", "/api/v1/datastores"));
  EXPECT_FALSE(is_s3("xs3.example", "/cats"));
}

}  // namespace
}  // namespace grid::server::s3
