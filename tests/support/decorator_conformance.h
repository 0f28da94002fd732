// What every backend that stands in front of another promises: each call arrives there with its
// arguments, and what is answered comes back.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "tests/support/memory_backend.h"

namespace grid::testing {

// Writes down each call with its arguments, and gives an answer that tells it from the others.
class RecordingBackend : public backend::Backend, private backend::Carrier {
 public:
  bool create(std::string_view key, BytesView data) override {
    note("create {} {}", key, as_text(data));
    return true;
  }
  std::optional<Bytes> find(std::string_view key) const override {
    note("find {}", key);
    return Bytes(3, std::byte{'f'});
  }
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    note("find_part {} {} {}", key, offset, out.size());
    out[0] = std::byte{'p'};
    return 1;
  }
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override {
    note("list {}", prefix);
    return {{"listed", 4}};
  }
  std::vector<std::string> list_names(std::string_view prefix) const override {
    note("list_names {}", prefix);
    return {"named"};
  }
  std::vector<backend::ObjectEntry> list_below(std::string_view prefix) const override {
    note("list_below {}", prefix);
    return {{"below", 4}};
  }
  bool remove(std::string_view key) override {
    note("remove {}", key);
    return true;
  }
  bool remote() const override {
    note("remote");
    return true;
  }
  void prove_creates() override { note("prove_creates"); }
  std::string name() const override {
    note("name");
    return "recording";
  }
  std::string location() const override {
    note("location");
    return "there";
  }
  const backend::Carrier& carrier() const override { return *this; }

  // The calls since this was called last.
  std::vector<std::string> take_calls() { return std::exchange(calls_, {}); }

 private:
  void expect_reads(std::string_view key, std::uint64_t offset, std::uint64_t size) const override {
    note("expect_reads {} {} {}", key, offset, size);
  }
  bool is_in_memory(std::string_view key, std::uint64_t offset, std::uint64_t size) const override {
    note("is_in_memory {} {} {}", key, offset, size);
    return true;
  }
  std::uint64_t read_ahead_max() const override {
    note("read_ahead_max");
    return 12'345;
  }
  std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                         std::uint64_t size, const TakePiece& take) const override {
    note("copy_part {} {} {}", key, offset, size);
    take(0, as_bytes("pie"));
    take(3, as_bytes("ce"));
    return 5;
  }
  bool drop_copy(std::string_view key, std::uint64_t offset, std::uint64_t size) const override {
    note("drop_copy {} {} {}", key, offset, size);
    return true;
  }
  std::shared_ptr<backend::Backend> hasty() const override {
    note("hasty");
    return hasty_one_;
  }

  template <class... Arguments>
  void note(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    calls_.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  mutable std::vector<std::string> calls_;
  const std::shared_ptr<backend::Backend> hasty_one_ = std::make_shared<MemoryBackend>();
};

struct BackendCall {
  std::string name;
  std::function<std::string(backend::Backend&)> make;  // returns the answer, as text
};

// One of each.
inline std::vector<BackendCall> backend_calls() {
  using backend::Backend;
  return {
      {"create", [](Backend& b) { return std::to_string(b.create("a/key", as_bytes("text"))); }},
      {"find", [](Backend& b) { return std::string(as_text(b.find("a/key").value())); }},
      {"find_part",
       [](Backend& b) {
         Bytes out(7);
         const auto got = b.find_part("a/key", 5, out);
         return std::string(as_text(BytesView(out).first(got.value())));
       }},
      {"list", [](Backend& b) { return b.list("a/").at(0).key; }},
      {"list_names", [](Backend& b) { return b.list_names("a/").at(0); }},
      {"list_below", [](Backend& b) { return b.list_below("a/").at(0).key; }},
      {"remove", [](Backend& b) { return std::to_string(b.remove("a/key")); }},
      {"remote", [](Backend& b) { return std::to_string(b.remote()); }},
      {"prove_creates", [](Backend& b) { return b.prove_creates(), std::string(); }},
      {"name", [](Backend& b) { return b.name(); }},
      {"location", [](Backend& b) { return b.location(); }},
      {"expect_reads",
       [](Backend& b) { return b.carrier().expect_reads("a/key", 5, 7), std::string(); }},
      {"is_in_memory",
       [](Backend& b) {
         return b.carrier().is_in_memory("a/key", 5, 7) ? std::string("yes") : std::string("no");
       }},
      {"read_ahead_max", [](Backend& b) { return std::to_string(b.carrier().read_ahead_max()); }},
      {"copy_part",
       [](Backend& b) {
         std::string taken;
         const auto got =
             b.carrier().copy_part("a/key", 5, 7, [&](std::uint64_t offset, BytesView piece) {
               taken += fmt::format("{}:{} ", offset, as_text(piece));
             });
         return taken + std::to_string(got.value());
       }},
      {"drop_copy",
       [](Backend& b) { return std::to_string(b.carrier().drop_copy("a/key", 5, 7)); }},
      {"hasty", [](Backend& b) { return b.carrier().hasty()->name(); }},
  };
}

// `decorate` puts the decorator in front of a backend; `answered` are the calls that it answers
// itself. It must have no copy of a/key, nor a reason to make one.
inline void expect_passes_calls_on(
    const std::function<std::unique_ptr<backend::Backend>(std::shared_ptr<backend::Backend>)>&
        decorate,
    const std::set<std::string>& answered = {}) {
  RecordingBackend plain;
  const auto inner = std::make_shared<RecordingBackend>();
  const std::unique_ptr<backend::Backend> decorated = decorate(inner);
  for (const BackendCall& call : backend_calls()) {
    if (answered.contains(call.name)) continue;
    inner->take_calls();
    EXPECT_EQ(call.make(*decorated), call.make(plain)) << call.name;
    EXPECT_EQ(inner->take_calls(), plain.take_calls()) << call.name;
  }
}

}  // namespace grid::testing
