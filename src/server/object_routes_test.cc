#include <thread>

#include "backend/grid_server.h"
#include "server/api_fixture.h"
#include "server/http_server.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_bytes.h"
#include "tests/support/raw_client.h"

namespace grid::server {
namespace {

using service::Role;

// The store behind a server, and the backend of another machine in front of it.
class ObjectsTest : public ApiTest {
 protected:
  ObjectsTest()
      : server_(*api_, {.workers = 4, .body_folder = node_.settings().state_folder / "uploads"}),
        thread_([this] { server_.run(false); }) {}
  ~ObjectsTest() override {
    server_.stop();
    thread_.join();
  }

  std::unique_ptr<backend::Backend> far(const std::string& bearer) {
    net::ServerOptions servers;
    servers.retries.deadline = std::chrono::milliseconds(200);
    servers.http.retries = servers.retries;
    servers.token_for = [bearer](const std::string&) { return bearer; };
    return std::make_unique<backend::GridServerBackend>(
        "http://127.0.0.1:" + std::to_string(server_.port()) + "/", servers);
  }

  HttpServer server_;
  std::thread thread_;
};

TEST_F(ObjectsTest, AreThoseOfTheStore) {
  const auto backend = far(admin_);
  for (const std::string prefix : {"", "packs/", "datastores/", "datastores/cats/versions/"}) {
    EXPECT_EQ(backend->list(prefix), store_->backend->list(prefix)) << prefix;
    EXPECT_EQ(backend->list_below(prefix), store_->backend->list_below(prefix)) << prefix;
    EXPECT_EQ(backend->list_names(prefix), store_->backend->list_names(prefix)) << prefix;
  }
  for (const backend::ObjectEntry& object : store_->backend->list_below("")) {
    EXPECT_EQ(backend->find(object.key), store_->backend->find(object.key));
    Bytes part(7);
    EXPECT_EQ(backend->find_part(object.key, object.size - 3, part), 3u);
    EXPECT_EQ(backend->find_part(object.key, object.size + 3, part), 0u);
  }
  EXPECT_EQ(backend->find("datastores/cats/versions/7"), std::nullopt);
  Bytes part(7);
  EXPECT_EQ(backend->find_part("datastores/cats/versions/7", 0, part), std::nullopt);
  testing::expect_error(ErrorKind::permission_denied, "where its store is",
                        [&] { backend->remove("store.json"); });
}

TEST_F(ObjectsTest, AWriterHoldsItsLeaseThroughTheServer) {
  const auto backend = far(admin_);
  const auto slots = [&] { return store_->backend->list_names(store::leases_prefix()).size(); };
  store::Lease lease(*backend, "a writer far away");
  lease.beat();
  EXPECT_EQ(slots(), 2u);
  testing::expect_error(ErrorKind::corrupt, "lease", [&] {
    backend->create(store::lease_slot_key(lease.id(), 3), as_bytes("{}"));
  });
  lease.end();
  EXPECT_EQ(slots(), 0u);
  // Packs are for a collector where the store is.
  EXPECT_THROW(backend->create(store::condemnation_key(1), as_bytes("x")), Error);
}

TEST_F(ObjectsTest, AreAddedOnceAndNeverReplaced) {
  const auto backend = far(admin_);
  const std::string key = "packs/" + std::string(32, 'a') + ".data";
  const std::string large(3 << 20, 'x');  // more than a request's body keeps in memory
  EXPECT_TRUE(backend->create(key, as_bytes(large)));
  EXPECT_EQ(as_text(*store_->backend->find(key)), large);
  EXPECT_TRUE(backend->create(key, as_bytes(large)));  // as after a lost answer
  EXPECT_FALSE(backend->create(key, as_bytes("other")));
  EXPECT_FALSE(backend->create(key, as_bytes(large.substr(1))));
  EXPECT_FALSE(backend->create(key, as_bytes(large + "x")));
  EXPECT_EQ(as_text(*store_->backend->find(key)), large);
}

// What a client sends that is killed in the middle.
class PartialObjectsTest : public ObjectsTest {
 protected:
  std::string url(std::string_view query) const {
    return fmt::format("http://127.0.0.1:{}/api/v1/objects/{}?{}", server_.port(), key_, query);
  }
  net::HttpResult put(std::uint64_t from, std::string_view body, const std::string& bearer) {
    net::HttpRequest request{
        .method = "PUT", .url = url(fmt::format("from={}", from)), .body = as_bytes(body)};
    request.headers = {
        {"Authorization", "Bearer " + bearer}, {"If-None-Match", "*"}, {"Grid-Digest", digest_}};
    return client_.attempt(request);
  }
  std::string received() {
    net::HttpRequest request{.url = url("received=" + digest_)};
    request.headers = {{"Authorization", "Bearer " + admin_}};
    return std::string(client_.attempt(request).response.header("Grid-Received"));
  }
  std::uint64_t arrived() const {
    return api_->partial_objects().received(parse_digest(digest_).value());
  }

  const std::string key_ = "packs/" + std::string(32, 'c') + ".data";
  const std::string object_ = [] {
    std::string text;
    for (int i = 0; text.size() < (3 << 20); ++i)
      text += digest_of(as_bytes(std::to_string(i))).hex();
    return text;
  }();
  const std::string digest_ = digest_of(as_bytes(object_)).hex();
  net::HttpClient client_;
};

TEST_F(PartialObjectsTest, GoOnWhereTheyWere) {
  EXPECT_EQ(received(), "0");
  // Cut in the middle, as by a kill.
  {
    testing::RawClient client(server_.port());
    const std::string sent =
        fmt::format(
            "PUT /api/v1/objects/{}?from=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
            "Bearer {}\r\nIf-None-Match: *\r\nGrid-Digest: {}\r\nContent-Length: {}\r\n\r\n",
            key_, admin_, digest_, object_.size()) +
        object_.substr(0, 2 << 20);
    ASSERT_TRUE(client.send(sent));
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (arrived() < (2 << 20) - (256 << 10) && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    // Meanwhile it is no other client's.
    EXPECT_EQ(put(0, object_, admin_).response.status(), 503);
  }
  EXPECT_EQ(store_->backend->find(key_), std::nullopt);
  const std::uint64_t there = arrived();
  ASSERT_GE(there, (2u << 20) - (256u << 10));
  EXPECT_EQ(received(), std::to_string(there));
  net::HttpResult rest;
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  do  // until the server has seen that the connection is cut
    rest = put(there, std::string_view(object_).substr(there), admin_);
  while (rest.response.status() == 503 && std::chrono::steady_clock::now() < patience);
  EXPECT_EQ(rest.response.status(), 201);
  EXPECT_EQ(as_text(store_->backend->find(key_).value()), object_);
  EXPECT_EQ(arrived(), object_.size());  // until the pack's index has come
}

// A client that is killed between a pack's data and its index begins the pack anew, under another
// name: of its bytes one is sent again.
TEST_F(PartialObjectsTest, StayUntilThePackIsWhole) {
  store::PackBuilder pack;
  store::Compressor compressor;
  const std::string random = testing::random_bytes(3 << 20, 5);
  pack.add(digest_of(as_bytes(random)), as_bytes(random), compressor);
  pack.close_frame(compressor);
  const Digest digest = digest_of(pack.data());
  const auto arrived = [&] { return api_->partial_objects().received(digest); };
  const store::PackId lost{{std::byte{1}}}, again{{std::byte{2}}};

  const auto backend = far(admin_);
  EXPECT_TRUE(backend->create(store::pack_data_key(lost), pack.data()));
  EXPECT_EQ(arrived(), pack.data().size());
  testing::expect_error(ErrorKind::corrupt, "cut off", [&] {
    backend->create(store::pack_index_key(lost), as_bytes("no index"));
  });
  EXPECT_EQ(arrived(), pack.data().size());

  net::HttpRequest rest{
      .method = "PUT",
      .url = fmt::format("http://127.0.0.1:{}/api/v1/objects/{}?from={}", server_.port(),
                         store::pack_data_key(again), pack.data().size() - 1),
      .body = pack.data().last(1)};
  rest.headers = {
      {"Authorization", "Bearer " + admin_}, {"If-None-Match", "*"}, {"Grid-Digest", digest.hex()}};
  EXPECT_EQ(client_.attempt(rest).response.status(), 201);
  EXPECT_EQ(as_text(store_->backend->find(store::pack_data_key(again)).value()),
            as_text(pack.data()));
  EXPECT_EQ(arrived(), pack.data().size());
  EXPECT_TRUE(backend->create(store::pack_index_key(again), pack.index()));
  EXPECT_EQ(arrived(), 0u);
}

TEST_F(PartialObjectsTest, BelieveTheDigestAlone) {
  ASSERT_EQ(put(0, object_.substr(0, object_.size() / 2), admin_).response.status(), 422);
  EXPECT_EQ(arrived(), 0u);  // it had ended, and was not the object
  // A front that a crash has damaged: the client begins anew.
  api_->partial_objects().open(parse_digest(digest_).value(), 0)->append(as_bytes("damaged"));
  EXPECT_EQ(received(), "7");
  EXPECT_TRUE(far(admin_)->create(key_, as_bytes(object_)));
  EXPECT_EQ(as_text(store_->backend->find(key_).value()), object_);
  EXPECT_EQ(arrived(), object_.size());
}

TEST_F(PartialObjectsTest, RefuseWhatDoesNotFit) {
  EXPECT_EQ(put(5, "x", admin_).response.status(), 409);
  EXPECT_EQ(put(std::uint64_t{1} << 40, "x", admin_).response.status(), 400);
  EXPECT_EQ(put(0, "x", token(Role::reader)).response.status(), 403);
  EXPECT_EQ(put(0, "x", token(Role::admin, {"cats"})).response.status(), 403);
  EXPECT_EQ(arrived(), 0u);
}

TEST_F(ObjectsTest, TakeNoVersionOfLostChunks) {
  const auto backend = far(admin_);
  const auto record = store_->datastores->find("cats", 1)->record;
  dataset::VersionRecord other = record;
  other.number = 2;
  other.root = digest_of(as_bytes("a root that is nowhere"));
  testing::expect_error(ErrorKind::corrupt, "", [&] {
    backend->create("datastores/cats/versions/2", as_bytes(dataset::encode_version_record(other)));
  });
  other = record;
  other.number = 2;
  ++other.totals.files;
  testing::expect_error(ErrorKind::corrupt, "", [&] {
    backend->create("datastores/cats/versions/2", as_bytes(dataset::encode_version_record(other)));
  });
  other = record;
  other.number = 2;
  EXPECT_TRUE(backend->create("datastores/cats/versions/2",
                              as_bytes(dataset::encode_version_record(other))));
}

TEST_F(ObjectsTest, AreForTokensOfTheWholeStoreOnly) {
  testing::expect_error(ErrorKind::permission_denied, "",
                        [&] { far(token(Role::admin, {"cats"}))->find("store.json"); });
  testing::expect_error(ErrorKind::permission_denied, "", [&] { far("")->find("store.json"); });
  testing::expect_error(ErrorKind::permission_denied, "", [&] { far("nonsense")->list("packs/"); });
  testing::expect_error(ErrorKind::permission_denied, "", [&] {
    far(token(Role::reader))->create("packs/" + std::string(32, 'b') + ".data", as_bytes("x"));
  });
}

}  // namespace
}  // namespace grid::server
