// Each rule of docs/format.md that concerns recipes, broken by itself; and what hostile recipes
// cost.

#include <gtest/gtest.h>

#include "store/chunk_store.h"
#include "tests/support/expect_error.h"
#include "tests/support/hostile_store.h"
#include "tests/support/memory_backend.h"
#include "tree/content_check.h"
#include "tree/content_reader.h"
#include "tree/recipe.h"
#include "tree/rules.h"

namespace grid::tree {
namespace {

using namespace testing;

const Digest some_digest = digest_of(as_bytes("some content"));

template <class Structure>
struct Harm {
  const char* reason;  // part of the refusal
  std::function<void(Structure&)> done;
};

TEST(HostileRecipe, IsRefusedWhateverRuleItBreaks) {
  using R = HostileRecipe;
  auto spoiled = [](auto at, auto value) {
    return [=](R& r) { r.spoil = [=](Bytes& bytes) { overwrite(bytes, at, value); }; };
  };
  const std::vector<Harm<R>> harms = {
      {"header", [](R& r) { r.depth = 0; }},
      {"header", [](R& r) { r.depth = 9; }},
      {"header", [](R& r) { r.parts.clear(); }},
      {"header", spoiled(7, std::uint8_t{1})},
      {"header", spoiled(8, std::uint32_t{1 << 30})},
      {"header", spoiled(8, std::uint32_t{3})},
      {"a size", spoiled(8, std::uint32_t{1})},
      {"too long", [](R& r) { r.spoil = [](Bytes& bytes) { append(bytes, std::uint8_t{0}); }; }},
      {"cut off", [](R& r) { r.spoil = [](Bytes& bytes) { bytes.pop_back(); }; }},
      {"no recipe header", spoiled(0, std::uint8_t{0})},
      {"a size", [](R& r) { r.parts[1].second = 0; }},
      {"a size", [](R& r) { r.depth = 1, r.parts[1].second = (256 << 20) + 1; }},
      {"a size", [](R& r) { r.parts[1].second = file_size_max - 4; }},
      {"a size", [](R& r) { r.parts[1].second = UINT64_MAX - 2; }},
  };
  const HostileRecipe valid{.depth = 2, .parts = {{some_digest, 5}, {some_digest, 7}}};
  EXPECT_EQ(decode_recipe(hostile_bytes(valid)).size(), 12u);
  for (std::size_t i = 0; i < harms.size(); ++i) {
    SCOPED_TRACE(i);
    HostileRecipe recipe = valid;
    harms[i].done(recipe);
    expect_error(ErrorKind::corrupt, harms[i].reason,
                 [&] { decode_recipe(hostile_bytes(recipe)); });
  }
}

class HostileContent : public ::testing::Test {
 protected:
  std::shared_ptr<MemoryBackend> backend_ = std::make_shared<MemoryBackend>();
  HostileStore store_{backend_};
  std::shared_ptr<store::ChunkStore> chunks_ =
      std::make_shared<store::ChunkStore>(backend_, store::make_store(*backend_));
};

// A recipe of 4,096 times the same recipe of 4,096 times the same …: 2^36 chunks of 1,000 bytes
// each, in three recipes.
TEST_F(HostileContent, AFileOfRepeatedRecipesCostsItsDistinctRecipes) {
  Digest digest = store_.put_chunk(std::string(1000, 'x'));
  std::uint64_t size = 1000;
  std::uint8_t depth = 0;
  while (depth < 3) {
    HostileRecipe recipe{.depth = ++depth};
    recipe.parts.assign(4096, {digest, size});
    digest = store_.put(recipe);
    size *= 4096;
  }
  std::size_t asked = 0;
  ContentCheck check(*chunks_, [&](const store::ChunkRef& chunk) {
    ++asked;
    return chunk.size == 1000 ? "" : "has another size";
  });
  EXPECT_EQ(check.problem_of({digest, depth}, size), "");
  EXPECT_EQ(check.problem_of({digest, depth}, size), "");
  EXPECT_EQ(asked, 4096u);
  EXPECT_NE(check.problem_of({digest, depth}, size + 1), "");
  EXPECT_NE(check.problem_of({digest, 2}, size), "");

  ContentReader reader(chunks_);
  Bytes scratch;
  EXPECT_EQ(reader.read_content({digest, depth}, size, size - 5, 10, scratch).size(), 5u);
  expect_error(ErrorKind::corrupt, "describes", [&] {
    reader.read_content({digest, depth}, size + 1, 0, 10, scratch);
  });
}

TEST_F(HostileContent, PartsOfARecipeMustHaveTheSizesThatItSays) {
  const Digest chunk = store_.put_chunk("0123456789");
  const Digest below = store_.put(HostileRecipe{.depth = 1, .parts = {{chunk, 10}, {chunk, 10}}});
  const Digest lies = store_.put(HostileRecipe{.depth = 2, .parts = {{below, 20}, {below, 21}}});
  const Digest flat = store_.put(HostileRecipe{.depth = 2, .parts = {{chunk, 10}}});
  const Digest short_chunk = store_.put(HostileRecipe{.depth = 1, .parts = {{chunk, 9}}});
  ContentCheck check(*chunks_, [&](const store::ChunkRef& ref) {
    return ref.size == 10 ? "" : "chunk has 10 bytes";
  });
  ContentReader reader(chunks_);
  Bytes scratch;
  for (const auto& [digest, depth, size] :
       {std::tuple{lies, 2, 41}, {flat, 2, 10}, {short_chunk, 1, 9}}) {
    const Content content{digest, static_cast<std::uint8_t>(depth)};
    const auto bytes = static_cast<std::uint64_t>(size);
    EXPECT_NE(check.problem_of(content, bytes), "");
    EXPECT_THROW(reader.read_content(content, bytes, 0, bytes, scratch), Error);
    EXPECT_THROW(reader.visit_chunks(content, bytes,
                                     [&](auto chunks) {
                                       Bytes out(chunks[0].size);
                                       chunks_->read_chunks(chunks.first(1), out);
                                     }),
                 Error);
  }
}

}  // namespace
}  // namespace grid::tree
