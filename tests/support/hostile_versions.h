// Versions that break one rule of docs/format.md each, for tests of what must survive them.
#pragma once

#include "tests/support/hostile_store.h"

namespace grid::testing {

struct HostileVersion {
  const char* what;                        // is broken
  const char* path;                        // that `verify` names
  const char* reason;                      // part of what `verify` says
  std::function<void(HostileStore&)> put;  // as cats:1
};

inline std::vector<HostileVersion> hostile_versions() {
  using Store = HostileStore;
  auto tree = [](std::vector<HostileEntry> entries) {
    return [=](Store& store) { store.put_version("cats", 1, {{.entries = entries}}); };
  };
  // A valid version of two segments whose root is then harmed.
  auto harmed = [](auto harm) {
    return [=](Store& store) {
      HostileRoot root = store.root_of(
          {{.entries = {folder_entry("", "a"), file_entry("", "b"), file_entry("a", "x")}},
           {.entries = {file_entry("a", "y"), file_entry("a", "z")}}});
      harm(root);
      store.put_version("cats", 1, root);
    };
  };
  auto hard = [](std::string name, std::string target) {
    return link_entry(hostile_hard_link, "", std::move(name), std::move(target));
  };
  auto recipe = [](std::uint64_t size, std::uint8_t depth, auto make) {
    return [=](Store& store) {
      store.put_version("cats", 1, {{.entries = {file_entry("", "b", size, make(store), depth)}}});
    };
  };
  return {
      {"a folder that is not there", "a", "is not there", tree({file_entry("a", "x")})},
      {"a folder that is a link", "a", "is a symlink",
       tree({link_entry(hostile_symlink, "", "a", "/nowhere"), file_entry("a", "x")})},
      {"a folder that is a file", "a", "is a file",
       tree({file_entry("", "a"), file_entry("a", "x")})},
      {"a hard link to nothing", "b", "is not there", tree({hard("b", "a"), file_entry("", "z")})},
      {"a hard link to a folder", "b", "is a folder",
       tree({folder_entry("", "a"), hard("b", "a"), file_entry("", "z")})},
      {"a hard link to a link", "b", "is a symlink",
       tree({link_entry(hostile_symlink, "", "a", "/nowhere"), hard("b", "a"),
             file_entry("", "z")})},
      {"hard links to each other", "a", "is a hard_link",
       tree({hard("a", "b"), hard("b", "a"), file_entry("", "y"), file_entry("", "z")})},
      {"a hard link to itself", "", "to itself", tree({hard("a", "a"), file_entry("", "z")})},
      {"a hard link to what is above", "", "invalid path", tree({hard("a", "../x")})},
      {"a name that leads up", "", "invalid path", tree({file_entry("", "..")})},
      {"entries out of order", "", "out of order",
       tree({file_entry("", "b"), file_entry("", "a")})},
      {"a link to an empty path", "", "empty", tree({link_entry(hostile_symlink, "", "a", "")})},
      {"a file without end", "", "so many bytes",
       tree({file_entry("", "b", std::uint64_t{1} << 62, digest_of({}), 8)})},
      {"an ETag with a header in it", "", "ETag",
       tree({in_place_entry("", "b", object_text("bucket", "", 0, "\"1\"\r\nX: 1"))})},
      {"segments that overlap", "", "behind where the next", harmed([](HostileRoot& r) {
         r.segments[1].first_folder = "", r.segments[1].first_name = "c";
       })},
      {"segments out of order", "", "out of order",
       harmed([](HostileRoot& r) { std::swap(r.segments[0], r.segments[1]); })},
      {"a segment twice", "", "twice", harmed([](HostileRoot& r) {
         r.segments[1].digest = r.segments[0].digest, r.segments[1].count = 2;
       })},
      {"a first name that is another", "", "begins with another",
       harmed([](HostileRoot& r) { r.segments[1].first_name = "yy"; })},
      {"a segment with more entries", "", "the root says 4",
       harmed([](HostileRoot& r) { ++r.segments[0].count, ++r.totals.entries, ++r.totals.files; })},
      {"counts that are not true", "", "the root counts 2 folders",
       harmed([](HostileRoot& r) { ++r.totals.folders, --r.totals.files; })},
      {"names that are not there", "b", "it has 3 names", harmed([](HostileRoot& r) {
         r.links = {{"b", 3}};
       })},
      {"a file of many bytes and one chunk", "b", "bytes",
       recipe(1 << 20, 0, [](Store& s) { return s.put_chunk("abc"); })},
      {"a recipe that is not there", "b", "not in the store",
       recipe(1 << 20, 1, [](Store&) { return digest_of(as_bytes("?")); })},
      {"a recipe of another size", "b", "describes 6 bytes",
       recipe(1 << 20, 1,
              [](Store& s) {
                const Digest chunk = s.put_chunk("abc");
                return s.put(HostileRecipe{.depth = 1, .parts = {{chunk, 3}, {chunk, 3}}});
              })},
      {"a chunk of no bytes", "b", "a size is damaged",
       recipe(3, 1,
              [](Store& s) {
                return s.put(HostileRecipe{.depth = 1,
                                           .parts = {{s.put_chunk("abc"), 3}, {digest_of({}), 0}}});
              })},
      // Nine chunks: 2^44 bytes in seven recipes above each other, each of which repeats one part.
      {"a chunk that is not there, repeated without end", "b", "not in the store",
       recipe(std::uint64_t{1} << 44, 7,
              [](Store& s) {
                Digest digest = digest_of(as_bytes("?"));
                std::uint64_t size = 4;
                for (std::uint8_t depth = 1; depth <= 7; ++depth, size *= 64) {
                  HostileRecipe list{.depth = depth};
                  list.parts.assign(64, {digest, size});
                  digest = s.put(list);
                }
                return digest;
              })},
  };
}

}  // namespace grid::testing
