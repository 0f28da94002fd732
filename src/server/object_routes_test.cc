#include <thread>

#include "backend/grid_server.h"
#include "server/api_fixture.h"
#include "server/http_server.h"
#include "tests/support/expect_error.h"

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
