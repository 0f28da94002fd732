#include "store/codec.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <memory>
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

// A frame by the library's streaming interface. `window_log` 0: the level's own.
Bytes frame_of(BytesView data, bool states_size, int window_log = 0) {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, states_size ? 1 : 0);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
  if (states_size) ZSTD_CCtx_setPledgedSrcSize(context.get(), data.size());
  Bytes out(ZSTD_compressBound(data.size()));
  ZSTD_inBuffer from{data.data(), data.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  EXPECT_EQ(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_end), 0u);
  out.resize(to.pos);
  return out;
}

Bytes joined(BytesView first, BytesView second) {
  Bytes out(first.begin(), first.end());
  append(out, second);
  return out;
}

// docs/format.md, section 3: "exactly one zstd frame".
TEST(Decompress, TakesOneFrameThatStatesItsSize) {
  const Bytes text = prose(1);
  Bytes out(text.size());
  const Bytes frame = frame_of(text, /*states_size=*/true);
  EXPECT_TRUE(decompress(frame, out));
  EXPECT_EQ(out, text);
  EXPECT_FALSE(decompress(frame_of(text, /*states_size=*/false), out));

  const Bytes skippable = {std::byte{0x50}, std::byte{0x2a}, std::byte{0x4d}, std::byte{0x18},
                           std::byte{0},    std::byte{0},    std::byte{0},    std::byte{0}};
  const Bytes empty = frame_of({}, /*states_size=*/true);
  EXPECT_FALSE(decompress(joined(skippable, frame), out)) << "a skippable frame before it";
  EXPECT_FALSE(decompress(joined(frame, skippable), out)) << "a skippable frame behind it";
  EXPECT_FALSE(decompress(joined(empty, frame), out)) << "an empty frame before it";
  EXPECT_FALSE(decompress(joined(frame, empty), out)) << "an empty frame behind it";
  EXPECT_FALSE(decompress(joined(frame, as_bytes("x")), out)) << "a byte behind it";
  const BytesView half = BytesView(text).first(text.size() / 2),
                  rest = BytesView(text).subspan(half.size());
  EXPECT_FALSE(decompress(joined(frame_of(half, true), frame_of(rest, true)), out)) << "two frames";
}

TEST(Decompress, RefusesAWindowLargerThanAnyFrame) {
  const Bytes text = prose(1);
  Bytes frame = frame_of(text, /*states_size=*/true, 20);
  Bytes out(text.size());
  ASSERT_TRUE(decompress(frame, out));
  // A header as RFC 8878, 3.1.1.1 has it: not a single segment, with a window, and a size of 4
  // bytes.
  const BytesView blocks = BytesView(frame).subspan(4 + 1 + 4);
  ASSERT_EQ(frame[4], std::byte{0xa0}) << "a single segment that states its size in 4 bytes";
  for (const auto& [window_log, taken] :
       {std::pair(20u, true), std::pair(28u, true), std::pair(29u, false), std::pair(30u, false)}) {
    Bytes other(frame.begin(), frame.begin() + 4);
    append(other, std::uint8_t{0x80});
    append(other, static_cast<std::uint8_t>((window_log - 10) << 3));
    append(other, static_cast<std::uint32_t>(text.size()));
    append(other, blocks);
    EXPECT_EQ(decompress(other, out), taken) << window_log;
  }
}

}  // namespace
}  // namespace grid::store
