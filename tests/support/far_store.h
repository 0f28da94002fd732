// A store that behaves as if it were far away: it counts requests, and may be out of reach.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/support/memory_backend.h"

namespace grid::testing {

// Thread-safe.
class FarStore : public MemoryBackend {
 public:
  std::atomic<bool> reachable = true;
  std::atomic<bool> breaks_off = false;         // in the middle of copy_part()
  mutable std::atomic<int> portal_answers = 0;  // so many finds are answered with a page
  std::string place = "far://away";
  mutable std::atomic<std::uint64_t> requests = 0;    // to read
  mutable std::atomic<std::uint64_t> part_bytes = 0;  // given by find_part() and copy_part()

  bool remote() const override { return true; }
  std::string name() const override { return "far://away"; }
  std::string location() const override { return place; }
  bool create(std::string_view key, BytesView data) override {
    check_reachable();
    return MemoryBackend::create(key, data);
  }
  std::optional<Bytes> find(std::string_view key) const override {
    ask();
    std::optional<Bytes> object = MemoryBackend::find(key);
    if (portal_answers <= 0) return object;
    --portal_answers;
    const BytesView page = as_bytes("<html>Please log in</html>");
    return Bytes(page.begin(), page.end());
  }
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    ask();
    std::optional<std::size_t> got = MemoryBackend::find_part(key, offset, out);
    part_bytes += got.value_or(0);
    return got;
  }
  // In pieces of an odd size, after a first try that brings wrong bytes and breaks off.
  std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                         std::uint64_t size, const TakePiece& take) const override {
    static constexpr std::size_t piece_size = 100'003;
    Bytes bytes(size);
    const std::optional<std::size_t> got = find_part(key, offset, bytes);
    if (!got) return std::nullopt;
    take(0, Bytes(*got / 2, std::byte{'x'}));
    if (breaks_off) fail(ErrorKind::unavailable, "the connection broke");
    for (std::size_t at = 0; at < *got; at += piece_size)
      take(at, BytesView(bytes).subspan(at, std::min(piece_size, *got - at)));
    return got;
  }
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override {
    ask();
    return MemoryBackend::list(prefix);
  }
  std::vector<std::string> list_names(std::string_view prefix) const override {
    ask();
    return MemoryBackend::list_names(prefix);
  }

 private:
  void ask() const {
    ++requests;
    check_reachable();
  }
  void check_reachable() const {
    if (!reachable) fail(ErrorKind::unavailable, "the network is down");
  }
};

}  // namespace grid::testing
