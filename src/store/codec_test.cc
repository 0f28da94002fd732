#include "store/codec.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/support/random_bytes.h"

namespace grid::store {
namespace {

constexpr std::size_t piece_size = 128 << 10;

Bytes bytes_of(std::string_view text) {
  const BytesView view = as_bytes(text);
  return {view.begin(), view.end()};
}

// Rows of random digits and fixed words.
Bytes numbers(unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < piece_size)
    text += std::to_string(random() % 100'000) + "." + std::to_string(random() % 1000) + ",true\n";
  return bytes_of(text.substr(0, piece_size));
}

// Text of 2,000 recurring words.
Bytes prose(unsigned seed) {
  std::mt19937 words(1), random(seed);
  std::vector<std::string> dictionary(2000);
  for (std::string& word : dictionary)
    for (std::size_t size = 2 + words() % 9; word.size() < size;)
      word += static_cast<char>('a' + words() % 26);
  std::string text;
  while (text.size() < piece_size) text += dictionary[random() % dictionary.size()] + " ";
  return bytes_of(text.substr(0, piece_size));
}

std::size_t compressed_size(Compressor& compressor, const Bytes& piece) {
  Bytes out, back(piece.size());
  if (!compressor.compress(piece, out)) return piece.size();
  EXPECT_TRUE(decompress(out, back));
  EXPECT_EQ(back, piece);
  return out.size();
}

TEST(Compressor, RoundTrips) {
  Compressor compressor;
  for (unsigned seed = 0; seed < 40; ++seed) {
    EXPECT_LT(compressed_size(compressor, numbers(seed)), piece_size / 2);
    EXPECT_LT(compressed_size(compressor, prose(seed)), piece_size / 2);
    EXPECT_EQ(compressed_size(compressor, bytes_of(testing::random_bytes(piece_size, seed))),
              piece_size);
    EXPECT_LT(compressed_size(compressor, bytes_of(std::string(1000, 'x'))), 100u);
  }
}

// A compressor that has seen other data compresses, after a while, as well as a new one.
TEST(Compressor, LearnsAnewWhenTheDataChanges) {
  const auto best = [](auto kind) {
    Compressor fresh;
    return compressed_size(fresh, kind(1000));
  };
  Compressor compressor;
  for (unsigned round = 0; round < 3; ++round) {
    for (unsigned seed = 0; seed < 40; ++seed) compressed_size(compressor, numbers(seed));
    EXPECT_EQ(compressed_size(compressor, numbers(1000)), best(numbers));
    for (unsigned seed = 0; seed < 40; ++seed) compressed_size(compressor, prose(seed));
    EXPECT_EQ(compressed_size(compressor, prose(1000)), best(prose));
  }
}

}  // namespace
}  // namespace grid::store
