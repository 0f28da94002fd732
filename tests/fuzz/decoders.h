// What reads bytes that a store, a server or an earlier process wrote, by name. Each is a fuzz
// target: decoder_fuzzer.cc makes it one for libFuzzer, decoders_main.cc runs it without.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "tree/entries.h"

namespace grid::fuzz {

struct Decoder {
  const char* name;
  std::vector<Bytes> (*seeds)();  // valid, made by the program's own encoders
  // Decodes arbitrary bytes and uses all that comes out. Ends the process if that breaks a promise;
  // an Error is what is expected of damaged bytes.
  void (*read)(BytesView bytes);
};

// Ends the process if there is none of that name.
const Decoder& get_decoder(std::string_view name);

std::span<const Decoder> node_decoders();  // of what a node keeps

inline Bytes bytes_of(std::string_view text) {
  return {as_bytes(text).begin(), as_bytes(text).end()};
}

// A valid tree with an entry of each kind.
inline std::vector<tree::Entry> some_entries() {
  std::vector<tree::Entry> entries = {
      {.name = "a", .kind = tree::EntryKind::folder, .mtime_ns = -5},
      {.name = "b", .executable = true, .size = 7, .content = {digest_of(as_bytes("seven")), 0}},
      {.name = "c", .kind = tree::EntryKind::hard_link, .size = 1, .target = "b"},
      {.name = "d", .kind = tree::EntryKind::symlink, .size = 4, .target = "../b"},
      {.folder = "a", .name = "empty", .content = {digest_of({}), 0}},
      {.folder = "a", .name = "large", .size = 1 << 30, .content = {digest_of(as_bytes("2")), 2}}};
  return entries;
}

}  // namespace grid::fuzz
