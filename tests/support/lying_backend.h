// A backend between a writer and a store that loses, doubles, delays and forges what passes, as its
// seed says. Several writers share a store and its wire.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "base/error.h"

namespace grid::testing {

// Thrown where the process of a writer ends; no Error, so it is not handled.
struct Killed {};

// The requests that are under way though their writers have given them up. Not thread-safe.
class LyingWire {
 public:
  LyingWire(std::shared_ptr<backend::Backend> store, unsigned seed)
      : store_(std::move(store)), random_(seed) {}

  backend::Backend& store() { return *store_; }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
  void delay(std::string_view key, BytesView data) {
    late_.emplace_back(std::string(key), Bytes(data.begin(), data.end()));
  }
  void deliver_late(unsigned percent) {
    std::erase_if(late_, [&](const auto& put) {
      if (!chance(percent)) return false;
      store_->create(put.first, put.second);
      return true;
    });
  }

  std::function<void()> meanwhile;  // what other writers do during a request

 private:
  const std::shared_ptr<backend::Backend> store_;
  std::mt19937 random_;
  std::vector<std::pair<std::string, Bytes>> late_;
};

class LyingBackend : public backend::Backend {
 public:
  explicit LyingBackend(LyingWire& wire) : wire_(wire) {}

  unsigned calls() const { return calls_; }

  bool create(std::string_view key, BytesView data) override {
    begin();
    bool made = false;
    switch (wire_.pick(12)) {
      case 0:  // the request is lost
        lose(key);
      case 1:  // the answer is lost
        wire_.store().create(key, data);
        lose(key);
      case 2:  // doubled
        wire_.store().create(key, data);
        made = wire_.store().create(key, data);
        break;
      case 3:  // given up before it arrives
        wire_.delay(key, data);
        lose(key);
      case 4:  // "taken", for no reason
        break;
      case 5:
        fail(ErrorKind::permission_denied, "the test refuses {}", key);
      default:
        made = wire_.store().create(key, data);
    }
    if (wire_.chance(3)) throw Killed();
    return made;
  }
  std::optional<Bytes> find(std::string_view key) const override {
    begin();
    switch (wire_.pick(12)) {
      case 0:
        lose(key);
      case 1:  // stale
        return std::nullopt;
      case 2: {
        const BytesView page = as_bytes("<html>");
        return Bytes(page.begin(), page.end());
      }
      default:
        return wire_.store().find(key);
    }
  }
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    return wire_.store().find_part(key, offset, out);
  }
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override {
    return wire_.store().list(prefix);
  }
  // A stale listing does not have the newest.
  std::vector<std::string> list_names(std::string_view prefix) const override {
    begin();
    if (wire_.chance(5)) lose(prefix);
    std::vector<std::string> names = wire_.store().list_names(prefix);
    std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
      return std::pair(a.size(), a) < std::pair(b.size(), b);
    });
    if (!names.empty() && wire_.chance(30))
      names.resize(wire_.pick(static_cast<unsigned>(names.size())));
    return names;
  }
  bool remove(std::string_view key) override { return wire_.store().remove(key); }
  bool remote() const override { return false; }
  void prove_creates() override {}
  std::string name() const override { return "lying"; }
  std::string location() const override { return name(); }
  const backend::Carrier& carrier() const override { return wire_.store().carrier(); }

 private:
  void begin() const {
    ++calls_;
    wire_.deliver_late(20);
    if (wire_.chance(1)) throw Killed();
    if (wire_.meanwhile && wire_.chance(15)) wire_.meanwhile();
  }
  [[noreturn]] static void lose(std::string_view key) {
    fail(ErrorKind::unavailable, "the test lost the answer for {}", key);
  }

  LyingWire& wire_;
  mutable unsigned calls_ = 0;
};

}  // namespace grid::testing
