// What reads bytes that a store, a server or an earlier process wrote, by name. Each is a fuzz
// target: decoder_fuzzer.cc makes it one for libFuzzer, decoders_main.cc runs it without.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"

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

}  // namespace grid::fuzz
