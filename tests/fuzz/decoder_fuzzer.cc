// One decoder as a target of libFuzzer: cmake compiles this with GRID_DECODER set to its name.

#include <cstdint>

#include "base/error.h"
#include "tests/fuzz/decoders.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const grid::fuzz::Decoder& decoder = grid::fuzz::get_decoder(GRID_DECODER);
  try {
    decoder.read({reinterpret_cast<const std::byte*>(data), size});
  } catch (const grid::Error&) {  // expected for damaged bytes
  }
  return 0;
}
