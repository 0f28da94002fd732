#include "store/frame_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "base/error.h"

namespace grid::store {
namespace {

const PackId pack{};

Bytes frame_of(std::size_t size, char fill) { return Bytes(size, static_cast<std::byte>(fill)); }

TEST(FrameCache, AThreadWaitsForAFrameThatAnotherLoads) {
  FrameCache cache(1 << 20);
  std::atomic<int> loads = 0;
  std::binary_semaphore loading(0), go_on(0);
  auto load = [&] {
    ++loads;
    loading.release();
    go_on.acquire();
    return frame_of(100, 'a');
  };
  std::shared_ptr<const Bytes> first, second;
  std::thread loader([&] { first = cache.get(pack, 0, load); });
  loading.acquire();
  std::thread waiter([&] { second = cache.get(pack, 0, load); });
  // Another frame does not wait for it.
  EXPECT_EQ(*cache.get(pack, 7, [] { return frame_of(3, 'b'); }), frame_of(3, 'b'));
  go_on.release();
  loader.join();
  waiter.join();
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(first, second);
}

TEST(FrameCache, AFailureIsForgotten) {
  FrameCache cache(1 << 20);
  EXPECT_THROW(cache.get(pack, 0, []() -> Bytes { fail(ErrorKind::corrupt, "damaged"); }), Error);
  EXPECT_EQ(*cache.get(pack, 0, [] { return frame_of(3, 'b'); }), frame_of(3, 'b'));
}

TEST(FrameCache, EvictsTheLeastRecentlyUsedFrameFirst) {
  FrameCache cache(250);
  int loads = 0;
  auto load = [&] {
    ++loads;
    return frame_of(100, 'a');
  };
  cache.get(pack, 0, load);
  cache.get(pack, 1, load);
  cache.get(pack, 0, load);
  cache.get(pack, 2, load);  // 1 must go
  EXPECT_EQ(loads, 3);
  cache.get(pack, 0, load);
  EXPECT_EQ(loads, 3);
  cache.get(pack, 1, load);
  EXPECT_EQ(loads, 4);
}

}  // namespace
}  // namespace grid::store
