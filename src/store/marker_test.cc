#include "store/marker.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/expect_error.h"
#include "tests/support/memory_backend.h"

namespace grid::store {
namespace {

// A backend in which others do something the first time that it is listed, just before.
class BackendOfMany : public testing::MemoryBackend {
 public:
  explicit BackendOfMany(std::function<void(BackendOfMany&)> others) : others_(std::move(others)) {}
  std::vector<std::string> list_names(std::string_view prefix) const override {
    if (others_) std::exchange(others_, nullptr)(const_cast<BackendOfMany&>(*this));
    return testing::MemoryBackend::list_names(prefix);
  }

 private:
  mutable std::function<void(BackendOfMany&)> others_;
};

TEST(StoreMarkerTest, IsFoundOfAStoreThatWasMadeAfterTheFirstLook) {
  std::string id;
  BackendOfMany backend([&](BackendOfMany& same) {
    id = make_store(same).store_id;
    same.create("packs/" + std::string(32, 'a') + ".data", as_bytes("x"));
  });
  EXPECT_EQ(make_store(backend).store_id, id);
}

TEST(StoreMarkerTest, IsNotMadeAmongOtherThings) {
  testing::MemoryBackend backend;
  backend.create("photos/1.jpg", as_bytes("x"));
  testing::expect_error(ErrorKind::corrupt, "is not a store", [&] { make_store(backend); });
}

}  // namespace
}  // namespace grid::store
