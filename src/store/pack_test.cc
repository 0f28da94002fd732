#include "store/pack.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/random_bytes.h"

namespace grid::store {
namespace {

// A pack with text that compresses, bytes that do not, and the chunks that went in.
struct Sample {
  PackBuilder pack;
  std::vector<std::string> chunks;
};

Sample make_sample(int seed = 0) {
  Sample sample;
  Compressor compressor;
  for (int i = 0; i < 40; ++i) {
    std::string chunk = i < 20
                            ? std::string(8000, static_cast<char>('a' + i)) + std::to_string(seed)
                            : testing::random_bytes(10000, static_cast<std::uint64_t>(seed + i));
    sample.pack.add(digest_of(as_bytes(chunk)), as_bytes(chunk), compressor);
    if (i == 19) sample.pack.close_frame(compressor);
    sample.chunks.push_back(chunk);
  }
  sample.pack.close_frame(compressor);
  return sample;
}

std::string read(const PackBuilder& pack, const Placement& place) {
  BytesView stored = pack.data().subspan(place.frame_offset, place.frame_stored_size);
  Bytes unpacked(place.frame_size);
  if (place.raw())
    std::copy(stored.begin(), stored.end(), unpacked.begin());
  else
    EXPECT_TRUE(decompress(stored, unpacked));
  return std::string(as_text(unpacked).substr(place.offset_in_frame, place.size));
}

TEST(Pack, TheIndexFindsEveryChunk) {
  Sample sample = make_sample();
  PackIndex index = decode_pack_index(sample.pack.index(), "pack");
  ASSERT_EQ(index.entries.size(), sample.chunks.size());
  EXPECT_EQ(index.data_size, sample.pack.data().size());
  for (std::size_t i = 0; i < sample.chunks.size(); ++i) {
    EXPECT_EQ(index.entries[i].digest, digest_of(as_bytes(sample.chunks[i])));
    EXPECT_EQ(read(sample.pack, index.entries[i].place), sample.chunks[i]);
  }
}

TEST(Pack, CompressesTextAndStoresNoiseRaw) {
  Sample sample = make_sample();
  EXPECT_LT(sample.pack.data().size(), 20 * 10000 + 10000u);
  std::string noise;
  for (int i = 20; i < 40; ++i) noise += sample.chunks[static_cast<std::size_t>(i)];
  EXPECT_NE(as_text(sample.pack.data()).find(noise), std::string_view::npos);
}

TEST(Pack, AppendingKeepsBothPacksChunks) {
  Sample a = make_sample(), b = make_sample(1000);
  a.pack.append(b.pack);
  PackIndex index = decode_pack_index(a.pack.index(), "pack");
  ASSERT_EQ(index.entries.size(), 80u);
  EXPECT_EQ(read(a.pack, index.entries[45].place), b.chunks[5]);
  EXPECT_EQ(read(a.pack, index.entries[79].place), b.chunks[39]);
}

TEST(Pack, EveryDamagedByteOfAnIndexIsNoticed) {
  Sample sample = make_sample();
  Bytes index = sample.pack.index();
  for (std::size_t i = 0; i < index.size(); ++i) {
    Bytes damaged = index;
    damaged[i] ^= std::byte{0x10};
    EXPECT_THROW(decode_pack_index(damaged, "pack"), Error) << i;
  }
  for (std::size_t size = 0; size < index.size(); ++size)
    EXPECT_THROW(decode_pack_index(BytesView(index).first(size), "pack"), Error) << size;
}

// Indexes with a right checksum and wrong numbers, as an attacker would make them.
TEST(Pack, AnIndexThatDoesNotAddUpIsRefused) {
  Bytes index = make_sample().pack.index();
  for (std::size_t at = 6; at < 200; ++at)
    for (unsigned value : {0x00u, 0x7fu, 0xffu}) {
      Bytes hostile(index.begin(), index.end() - 32);
      if (hostile[at] == static_cast<std::byte>(value)) continue;
      hostile[at] = static_cast<std::byte>(value);
      append(hostile, BytesView(digest_of(hostile).bytes));
      try {
        for (const PackEntry& entry : decode_pack_index(hostile, "pack").entries) {
          EXPECT_LE(entry.place.frame_size, frame_size_max);
          EXPECT_LE(std::uint64_t{entry.place.offset_in_frame} + entry.place.size,
                    entry.place.frame_size);
        }
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      }
    }
}

Bytes index_of(std::uint16_t reserved,
               const std::vector<std::pair<std::uint32_t, std::uint32_t>>& frames,
               const std::vector<std::pair<Digest, std::uint32_t>>& chunks) {
  std::uint64_t data_size = 0;
  for (const auto& [count, stored] : frames) data_size += stored;
  Bytes index;
  append(index, as_bytes("GPIX"));
  append(index, std::uint16_t{1});
  append(index, reserved);
  append(index, static_cast<std::uint32_t>(frames.size()));
  append(index, static_cast<std::uint32_t>(chunks.size()));
  append(index, data_size);
  for (const auto& [count, stored] : frames) {
    append(index, count);
    append(index, stored);
  }
  for (const auto& [digest, size] : chunks) append(index, BytesView(digest.bytes));
  for (const auto& [digest, size] : chunks) append(index, size);
  append(index, BytesView(digest_of(index).bytes));
  return index;
}

// The rules of docs/format.md, section 3, one by one.
TEST(Pack, AnIndexThatBreaksOneRuleIsRefused) {
  const Digest a = digest_of(as_bytes("a")), b = digest_of(as_bytes("b"));
  EXPECT_EQ(
      decode_pack_index(index_of(0, {{2, 7}, {1, 5}}, {{a, 4}, {b, 3}, {Digest{}, 9}}), "pack")
          .entries.size(),
      3u);
  const auto refuses = [](const Bytes& index, const char* why) {
    try {
      decode_pack_index(index, "pack");
      ADD_FAILURE() << why;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt) << why;
    }
  };
  refuses(index_of(1, {{1, 4}}, {{a, 4}}), "bytes that must be zero");
  refuses(index_of(0, {}, {}), "an empty pack");
  refuses(index_of(0, {{1, 4}, {0, 0}}, {{a, 4}}), "a frame without chunks");
  refuses(index_of(0, {{1, 0}}, {{a, 4}}), "a frame that takes no bytes");
  refuses(index_of(0, {{2, 4}}, {{a, 4}, {b, 0}}), "a chunk of 0 bytes");
  refuses(index_of(0, {{1, 4}, {1, 4}}, {{a, 4}, {a, 4}}), "a chunk twice");
  refuses(index_of(0, {{1, 5}}, {{a, 4}}), "a frame that is stored larger than it is");
  refuses(index_of(0, {{1, 4}}, {{a, 4}, {b, 4}}), "a chunk in no frame");
  refuses(index_of(0, {{2, 4}}, {{a, 4}}), "a frame of a chunk that is not there");
  refuses(index_of(0, {{1, 4}}, {{a, frame_size_max + 1}}), "a frame that is too large");
  // Digests that begin alike are told apart.
  Digest like_a = a;
  like_a.bytes[31] ^= std::byte{1};
  EXPECT_EQ(decode_pack_index(index_of(0, {{2, 8}}, {{a, 4}, {like_a, 4}}), "pack").entries.size(),
            2u);
}

TEST(Pack, ANewerFormatIsRefusedByName) {
  Bytes index = make_sample().pack.index();
  index[4] = std::byte{2};
  try {
    decode_pack_index(index, "packs/x.index");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find("format 2"), std::string::npos);
  }
}

TEST(Codec, KeepsWhatDoesNotShrink) {
  Compressor compressor;
  Bytes out;
  for (std::size_t size : {0, 1, 100, 10000, 200000})
    EXPECT_FALSE(compressor.compress(as_bytes(testing::random_bytes(size, size)), out)) << size;
  EXPECT_TRUE(compressor.compress(as_bytes(std::string(200000, 'a')), out));
  EXPECT_LT(out.size(), 1000u);
}

TEST(Codec, RefusesToUnpackWhatItDidNotPack) {
  Compressor compressor;
  std::string text(100000, 'a');
  Bytes packed, out(text.size()), longer(text.size() + 1);
  ASSERT_TRUE(compressor.compress(as_bytes(text), packed));
  EXPECT_TRUE(decompress(packed, out));
  EXPECT_FALSE(decompress(packed, longer));
  EXPECT_FALSE(decompress(BytesView(packed).first(packed.size() - 1), out));
  EXPECT_FALSE(decompress(as_bytes("not zstd"), out));
}

}  // namespace
}  // namespace grid::store
