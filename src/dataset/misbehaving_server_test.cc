// Each kind of object × each misbehaviour of a server, once and for long, and then healthy again.
// Allowed is what is right, or an error that names the store; afterwards nothing of it is left.

#include <gtest/gtest.h>

#include <fstream>

#include "backend/s3.h"
#include "base/error.h"
#include "create/create.h"
#include "dataset/open_store.h"
#include "tests/support/misbehaving_bucket.h"
#include "tests/support/temporary_folder.h"

namespace grid::dataset {
namespace {

namespace fs = std::filesystem;
using testing::MisbehavingBucket;
using testing::NamedMisbehaviour;
using Request = testing::LoopbackServer::Request;

constexpr const char* store_url = "s3://bucket/store";

bool is_listing(const Request& request, std::string_view prefix) {
  const std::string asked =
      "prefix=" + net::percent_encode("store/" + std::string(prefix), net::Slash::encode);
  const std::size_t at = request.target.find(asked);
  return request.target.find("list-type=2") != std::string::npos && at != std::string::npos &&
         (at + asked.size() == request.target.size() || request.target[at + asked.size()] == '&');
}

bool is_get(const Request& request, std::string_view begin, std::string_view end) {
  return request.method == "GET" && request.target.find('?') == std::string::npos &&
         request.target.starts_with("/bucket/store/" + std::string(begin)) &&
         request.target.ends_with(end);
}

struct Kind {
  const char* name;
  MisbehavingBucket::Pick pick;
  bool has_digest = true;  // a changed bit is noticed whatever happens
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"marker", [](const Request& r) { return is_get(r, "store.json", ""); }, false},
      {"datastores", [](const Request& r) { return is_listing(r, "datastores/"); }, false},
      {"keys", [](const Request& r) { return is_listing(r, "datastores/cats/"); }, false},
      {"record", [](const Request& r) { return is_get(r, "datastores/cats/versions/2", ""); }},
      {"tombstone", [](const Request& r) { return is_get(r, "datastores/cats/deleted/1", ""); }},
      {"no_tombstone", [](const Request& r) { return is_get(r, "datastores/cats/deleted/2", ""); },
       false},
      {"packs", [](const Request& r) { return is_listing(r, "packs/"); }, false},
      {"index", [](const Request& r) { return is_get(r, "packs/", ".index"); }},
      {"data", [](const Request& r) { return is_get(r, "packs/", ".data"); }},
  };
  return all;
}

class MisbehavingServerBase : public ::testing::Test {
 protected:
  OpenStoreOptions options(const fs::path& cache, bool make = false) const {
    net::ServerOptions servers{.aws = bucket_.settings(), .retries = bucket_.retries()};
    servers.retries.deadline = patience_;
    servers.warn = [this](std::string_view sentence) { warnings_.emplace_back(sentence); };
    servers.http.stall_timeout = std::chrono::seconds(1);
    servers.http.retries = servers.retries;
    return {.make_if_absent = make, .servers = servers, .cache_folder = cache};
  }

  void create(const std::string& name) {
    std::ofstream(source_ / name) << std::string(100'000, name[0]);
    create::CreateOptions options{.note = {.name = "cats"}};
    options.input.sources = {{.where = source_.path().string()}};
    create::CreateProgress progress;
    auto store = open_store(store_url, this->options({}, true));
    create::create_version(*store, options, progress);
  }

  void SetUp() override {
    create("a");
    create("b");
    open_store(store_url, options({}))->datastores->remove("cats", 1);
    truth_ = seen({});
    ASSERT_EQ(truth_, "cats: 1 deleted 2 ready a b");
  }

  // All that a reader sees of the store.
  std::string seen(const fs::path& cache) const {
    const std::shared_ptr<OpenStore> store = open_store(store_url, options(cache));
    std::string all;
    for (const std::string& name : store->datastores->names()) {
      all += name + ":";
      for (const Version& version : store->datastores->versions(name))
        all += fmt::format(" {} {}", version.record.number, name_of(version.state));
      const Version newest = store->datastores->resolve(
          {.name = name, .version = store->datastores->resolve({.name = name}).record.number});
      const auto manifest = store->manifest(newest.record);
      Bytes scratch;
      for (const char* file : {"a", "b", "c"}) {
        const auto entry = manifest->find_path(file);
        if (!entry) continue;
        const std::string_view bytes =
            as_text(store->files->read_file_part(*manifest, *entry, 0, entry->size(), scratch));
        all += bytes == std::string(100'000, *file) ? fmt::format(" {}", file) : " wrong";
      }
    }
    return all;
  }

  void check(const Kind& kind, const NamedMisbehaviour& how, unsigned times) {
    SCOPED_TRACE(fmt::format("{} × {} × {}", kind.name, how.name, times));
    const testing::TemporaryFolder folder;
    using Effect = NamedMisbehaviour::Effect;
    const bool deceives =
        how.effect == Effect::hides || (how.effect == Effect::changes && !kind.has_digest);
    // What happens once must be outlasted on a slow machine too; what lasts is given up soon.
    patience_ = times > 1 ? bucket_.retries().deadline : std::chrono::seconds(10);
    bucket_.misbehave(kind.pick, how.answer, times);
    bucket_.requests = 0;
    try {
      const std::string now = seen(folder / "cache");
      if (!deceives) {
        EXPECT_EQ(now, truth_);
      }
      EXPECT_EQ(now.find("wrong"), now.npos) << now;
    } catch (const Error& error) {
      // Damage is named by what is damaged, all else by the server's part in it.
      const std::string said = error.what();
      EXPECT_TRUE(deceives || said.find("s3://bucket") != said.npos ||
                  said.find("damaged") != said.npos)
          << said;
      EXPECT_TRUE(times > 1 || deceives || how.effect == Effect::refuses) << said;
    }
    EXPECT_LE(bucket_.requests, 500u);
    bucket_.behave();
    EXPECT_EQ(seen(folder / "cache"), truth_) << "something was kept";
  }

  testing::TemporaryFolder source_;
  MisbehavingBucket bucket_;
  std::string truth_;
  std::chrono::milliseconds patience_ = MisbehavingBucket::retries().deadline;
  mutable std::vector<std::string> warnings_;
};

class MisbehavingServer : public MisbehavingServerBase,
                          public ::testing::WithParamInterface<Kind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, MisbehavingServer, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return std::string(test.param.name); });

// A create whose request to store something meets a misbehaviour, whether or not it is carried out.
void check_storing(std::string_view begin, std::string_view end, const NamedMisbehaviour& how,
                   unsigned times, bool loses) {
  SCOPED_TRACE(fmt::format("{}…{} × {} × {}{}", begin, end, how.name, times, loses ? " lost" : ""));
  const testing::TemporaryFolder source;
  std::ofstream(source / "a") << std::string(100'000, 'a');
  MisbehavingBucket bucket;
  const OpenStoreOptions options{
      .make_if_absent = true,
      .servers = {.aws = bucket.settings(), .retries = MisbehavingBucket::retries()}};
  const auto create = [&] {
    create::CreateOptions forced{.note = {.name = "cats"}};
    forced.input.sources = {{.where = source.path().string()}};
    forced.storing.force = true;
    create::CreateProgress progress;
    create::create_version(*open_store(store_url, options), forced, progress);
  };
  const auto check_newest = [&] {
    const auto store = open_store(store_url, options);
    const Version newest = store->datastores->resolve({.name = "cats"});
    const auto manifest = store->manifest(newest.record);
    const auto entry = manifest->find_path("a").value();
    Bytes scratch;
    const BytesView bytes =
        store->files->read_file_part(*manifest, entry, 0, entry.size(), scratch);
    EXPECT_EQ(as_text(bytes), std::string(100'000, 'a'));
  };
  open_store(store_url, options);
  bucket.requests = 0;
  bucket.misbehave(
      [=](const Request& request) {
        return request.method == "PUT" &&
               request.target.starts_with("/bucket/store/" + std::string(begin)) &&
               request.target.ends_with(end);
      },
      how.answer, times, loses);
  bool said_stored = false;
  try {
    create();
    said_stored = true;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("s3://bucket"), std::string::npos) << error.what();
  }
  EXPECT_LE(bucket.requests, 500u);
  bucket.behave();
  if (said_stored) check_newest();
  create();
  check_newest();
}

struct Stored {
  const char *name, *begin, *end;
};
class MisbehavingServerStoring : public ::testing::TestWithParam<Stored> {};
INSTANTIATE_TEST_SUITE_P(Kinds, MisbehavingServerStoring,
                         ::testing::Values(Stored{"data", "packs/", ".data"},
                                           Stored{"index", "packs/", ".index"},
                                           Stored{"record", "datastores/", ""}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(MisbehavingServerStoring, OnceWhatIsSaidToBeStoredIsThere) {
  for (const NamedMisbehaviour& how : testing::misbehaviours())
    for (const bool loses : {false, true})
      check_storing(GetParam().begin, GetParam().end, how, 1, loses);
}

TEST_P(MisbehavingServerStoring, ForLongWhatIsSaidToBeStoredIsThere) {
  for (const NamedMisbehaviour& how : testing::misbehaviours())
    for (const bool loses : {false, true})
      check_storing(GetParam().begin, GetParam().end, how, 100'000, loses);
}

// Without a word, a reader that knows an older state must not show it.
TEST_F(MisbehavingServerBase, WhatWasKnownBeforeIsNotShownInSilence) {
  const testing::TemporaryFolder folder;
  const std::string before = seen(folder / "cache");
  create("c");
  const std::string now = seen({});
  ASSERT_NE(now, before);
  const auto all = [](const Request& request) { return request.method == "GET"; };
  for (const NamedMisbehaviour& how : testing::misbehaviours()) {
    if (how.effect == NamedMisbehaviour::Effect::hides ||
        how.effect == NamedMisbehaviour::Effect::changes)
      continue;
    SCOPED_TRACE(how.name);
    const testing::TemporaryFolder copy;
    fs::copy(folder / "cache", copy / "cache", fs::copy_options::recursive);
    bucket_.misbehave(all, how.answer, 100'000);
    warnings_.clear();
    try {
      EXPECT_EQ(seen(copy / "cache"), before);
      ASSERT_EQ(warnings_.size(), 1u);
      EXPECT_NE(warnings_[0].find("s3://bucket/store cannot be reached; this is what was known"),
                std::string::npos)
          << warnings_[0];
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("s3://bucket"), std::string::npos) << error.what();
    }
    bucket_.behave();
    EXPECT_EQ(seen(copy / "cache"), now);
  }
}

TEST_P(MisbehavingServer, OnceChangesNothing) {
  for (const NamedMisbehaviour& how : testing::misbehaviours()) check(GetParam(), how, 1);
}

TEST_P(MisbehavingServer, ForLongIsSaidAndLeavesNothing) {
  for (const NamedMisbehaviour& how : testing::misbehaviours()) check(GetParam(), how, 100'000);
}

}  // namespace
}  // namespace grid::dataset
