#include "service/upload_leases.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

#include "store/layout.h"
#include "tests/support/memory_backend.h"
#include "tests/support/test_store.h"

namespace grid::service {
namespace {

class UploadLeasesTest : public ::testing::Test {
 protected:
  std::size_t leases_in_store() const { return backend_->list(store::leases_prefix()).size(); }
  std::shared_ptr<testing::MemoryBackend> backend_ = std::make_shared<testing::MemoryBackend>();
  std::shared_ptr<dataset::OpenStore> store_ = testing::open_test_store(backend_);
};

TEST_F(UploadLeasesTest, AnUploadHasOneLeaseUntilItIsDropped) {
  UploadLeases leases;
  const auto first = leases.of(*store_, "a");
  EXPECT_EQ(leases.of(*store_, "a"), first);
  EXPECT_NE(leases.of(*store_, "b"), first);
  EXPECT_EQ(leases.count(), 2u);
  EXPECT_GE(leases_in_store(), 2u);
  leases.drop("a", true);
  leases.drop("b", true);
  leases.drop("none", true);
  EXPECT_EQ(leases.count(), 0u);
  EXPECT_EQ(leases_in_store(), 0u);
  EXPECT_NE(leases.of(*store_, "a")->lease.id(), first->lease.id());
}

TEST_F(UploadLeasesTest, WhatNobodyGoesOnWithIsForgottenWhenAnotherBegins) {
  UploadLeases leases(std::chrono::nanoseconds(0));
  const auto idle = leases.of(*store_, "idle");
  const auto busy = leases.of(*store_, "busy");
  EXPECT_EQ(leases.count(), 1u);
  std::promise<void> begun, over;
  std::thread commit([&] {
    std::lock_guard lock(busy->mutex);
    begun.set_value();
    over.get_future().wait();
  });
  begun.get_future().wait();
  leases.of(*store_, "new");
  EXPECT_EQ(leases.count(), 2u) << "a commit under way is not idle";
  EXPECT_EQ(leases.of(*store_, "busy"), busy);
  over.set_value();
  commit.join();
}

TEST_F(UploadLeasesTest, ManyRequestsOfOneUploadShareItsLease) {
  UploadLeases leases;
  std::vector<std::shared_ptr<UploadLeases::Held>> held(8);
  std::vector<std::thread> threads;
  for (auto& one : held) threads.emplace_back([&] { one = leases.of(*store_, "a"); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : held) EXPECT_EQ(one, held[0]);
  leases.drop("a", true);
  EXPECT_EQ(leases_in_store(), 0u);
}

}  // namespace
}  // namespace grid::service
