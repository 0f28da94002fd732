// Runs a decoder over its seeds and a few thousand changes of them, the same ones each time, so
// that the fuzz targets are tests without libFuzzer too.
//   PROGRAM segment            run it
//   PROGRAM segment FOLDER     write the seeds to a folder, as a corpus for libFuzzer

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <string>

#include "base/error.h"
#include "tests/fuzz/decoders.h"

namespace grid::fuzz {
namespace {

constexpr int changes_of_each_seed = 4000;

Bytes changed(const Bytes& seed, const std::vector<Bytes>& seeds, std::mt19937_64& random) {
  static constexpr std::uint64_t numbers[] = {
      0,          1,          0x7f,       0x80,       0xff,      0x7fff,     0xffff,
      0x7fffffff, 0x80000000, 0xffffffff, 1ull << 47, INT64_MAX, 1ull << 63, UINT64_MAX};
  Bytes bytes = seed;
  for (std::uint64_t left = 1 + random() % 4; left > 0 && !bytes.empty(); --left) {
    const std::size_t at = random() % bytes.size();
    const std::size_t size = std::size_t{1} << random() % 4;
    const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random() % 8) {
      case 0:
        bytes[at] ^= static_cast<std::byte>(1u << random() % 8);
        break;
      case 1:
        bytes[at] = static_cast<std::byte>(random());
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(here, static_cast<std::byte>(random()));
        break;
      case 4:
        bytes.erase(here, here + static_cast<std::ptrdiff_t>(std::min(size, bytes.size() - at)));
        break;
      case 5: {  // a part of another seed
        const Bytes& other = seeds[random() % seeds.size()];
        if (other.empty()) break;
        const std::size_t from = random() % other.size();
        const std::size_t count = std::min({other.size() - from, bytes.size() - at, size * 8});
        std::memcpy(bytes.data() + at, other.data() + from, count);
        break;
      }
      default: {
        const std::uint64_t number = numbers[random() % std::size(numbers)] + random() % 2;
        std::memcpy(bytes.data() + at, &number, std::min(size, bytes.size() - at));
      }
    }
  }
  return bytes;
}

void run(const Decoder& decoder, const Bytes& bytes, int& refused) {
  // So that the address sanitizer sees a read behind the end, none of the capacity is left.
  const Bytes exact(bytes.begin(), bytes.end());
  try {
    decoder.read(exact);
  } catch (const Error&) {  // expected for damaged bytes
    ++refused;
  }
}

int run_decoder(int argc, char** argv) {
  const Decoder& decoder = get_decoder(argc > 1 ? argv[1] : "");
  const std::vector<Bytes> seeds = decoder.seeds();
  if (argc > 2) {
    for (std::size_t i = 0; i < seeds.size(); ++i)
      std::ofstream(std::string(argv[2]) + "/seed-" + std::to_string(i), std::ios::binary)
          << as_text(seeds[i]);
    return 0;
  }
  int refused = 0, run_count = 0;
  for (const Bytes& seed : seeds) run(decoder, seed, refused);
  if (refused > 0) {
    std::printf("%s: %d of its seeds are refused\n", decoder.name, refused);
    return 1;
  }
  std::mt19937_64 random(1);
  for (const Bytes& seed : seeds)
    for (int i = 0; i < changes_of_each_seed; ++i, ++run_count)
      run(decoder, changed(seed, seeds, random), refused);
  std::printf("%s: %d inputs, %d refused\n", decoder.name, run_count, refused);
  return 0;
}

}  // namespace
}  // namespace grid::fuzz

int main(int argc, char** argv) { return grid::fuzz::run_decoder(argc, argv); }
