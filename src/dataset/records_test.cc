#include "dataset/records.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "dataset/understood.h"
#include "store/layout.h"
#include "tests/support/expect_error.h"

namespace grid::dataset {
namespace {

VersionRecord example() {
  return {.number = 7,
          .root = digest_of(as_bytes("root")),
          .parent = 5,
          .source = "./cats",
          .message = "with \"digest\": \"0000\" in it",
          .created = "2026-11-22T21:54:45Z",
          .created_by = "ann@box",
          .program = "grid 1.2.3",
          .totals = {.entries = 3, .files = 2, .folders = 1, .bytes = UINT64_MAX},
          .stored_bytes = 9,
          .left_out = 1,
          .datastore = "cats",
          .previous = digest_of(as_bytes("6")),
          .deleted = {1, 3},
          .top_mtime_ns = -1,
          .create_id = "00112233445566778899aabbccddeeff",
          .stored_sum = StoredSum{.from = 2, .bytes = 90}};
}

// As an earlier version of grid wrote it, with one member replaced or added.
std::string old_record(std::string_view member = {}, std::string_view value = {}) {
  std::string text = R"({"grid": "version", "format": 1, "version": 7, "root": ")" +
                     digest_of(as_bytes("root")).hex() +
                     R"(", "parent": 5, "source": "s", "message": "m", "created":)"
                     R"( "2026-11-22T21:54:45Z", "created_by": "a", "program": "p", "entries": 1,)"
                     R"( "files": 1, "folders": 0, "symlinks": 0, "bytes": 5, "stored_bytes": 6,)"
                     R"( "left_out": 0})";
  if (member.empty()) return text;
  const std::string name = fmt::format("\"{}\": ", member);
  if (const std::size_t at = text.find(name); at != text.npos) {
    const std::size_t begin = at + name.size();
    text.replace(begin, text.find_first_of(",}", begin) - begin, value);
  } else {
    text.insert(1, name + std::string(value) + ", ");
  }
  return text;
}

void expect_refused(const std::function<void()>& decode, const std::string& hint) {
  try {
    decode();
    ADD_FAILURE() << "taken: " << hint;
  } catch (const Error& error) {
    EXPECT_TRUE(error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::unsupported)
        << error.what();
  }
}

// Each bit of the object, flipped.
void expect_flips_are_refused(const std::string& object,
                              const std::function<void(BytesView)>& decode) {
  decode(as_bytes(object));
  for (std::size_t bit = 0; bit < 8 * object.size(); ++bit) {
    std::string flipped = object;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    expect_refused([&] { decode(as_bytes(flipped)); }, flipped);
  }
}

TEST(Records, AreReadAsTheyWereWritten) {
  EXPECT_EQ(decode_version_record(as_bytes(encode_version_record(example())), "cats", 7),
            example());
  EXPECT_EQ(decode_description(as_bytes(encode_description("cats", 2, "many")), "cats", 2), "many");
  const auto again = [](const Tombstone& tombstone) {
    return decode_tombstone(as_bytes(encode_tombstone("cats", 7, tombstone)), "cats", 7);
  };
  EXPECT_EQ(again({.moved_to = "s3://b"}).moved_to, "s3://b");
  EXPECT_EQ(again({.until = "2026-12-05T08:00:00Z"}).until, "2026-12-05T08:00:00Z");
  EXPECT_EQ(again({}).moved_to + again({}).until, "");
  EXPECT_THROW(again({.until = "tomorrow"}), Error);
  const std::string restoration = encode_restoration("cats", 7, 2);
  check_restoration(as_bytes(restoration), "cats", 7, 2);
  EXPECT_THROW(check_restoration(as_bytes(restoration), "cats", 7, 1), Error);
  EXPECT_THROW(check_restoration(as_bytes(restoration), "dogs", 7, 2), Error);
}

TEST(Records, NoFlippedBitPasses) {
  expect_flips_are_refused(encode_version_record(example()),
                           [](BytesView object) { decode_version_record(object, "cats", 7); });
  expect_flips_are_refused(encode_tombstone("cats", 7, {.moved_to = "s3://b"}),
                           [](BytesView object) { decode_tombstone(object, "cats", 7); });
  expect_flips_are_refused(encode_description("cats", 2, "many"),
                           [](BytesView object) { decode_description(object, "cats", 2); });
}

TEST(Records, OfAnotherKeyAreRefused) {
  const std::string record = encode_version_record(example());
  expect_refused([&] { decode_version_record(as_bytes(record), "dogs", 7); }, "datastore");
  expect_refused([&] { decode_version_record(as_bytes(record), "cats", 8); }, "number");
  const std::string tombstone = encode_tombstone("cats", 7, {});
  expect_refused([&] { decode_tombstone(as_bytes(tombstone), "dogs", 7); }, "datastore");
  expect_refused([&] { decode_tombstone(as_bytes(tombstone), "cats", 8); }, "number");
  expect_refused([&] { decode_version_record(as_bytes(tombstone), "cats", 7); }, "kind");
  const std::string description = encode_description("cats", 2, "many");
  expect_refused([&] { decode_description(as_bytes(description), "dogs", 2); }, "datastore");
  expect_refused([&] { decode_description(as_bytes(description), "cats", 1); }, "number");
  EXPECT_TRUE(is_understood(store::version_key("cats", 7), as_bytes(record)));
  EXPECT_FALSE(is_understood(store::version_key("dogs", 7), as_bytes(record)));
  EXPECT_FALSE(is_understood(store::tombstone_key("cats", 7), as_bytes("<html>")));
  EXPECT_TRUE(is_understood(store::advance_tombstone_key("cats", 7, digest_of(as_bytes(record))),
                            as_bytes(tombstone)));
  EXPECT_TRUE(is_understood("packs/x.index", as_bytes("<html>")));
}

TEST(Records, OfEarlierVersionsAreStillRead) {
  const VersionRecord record = decode_version_record(as_bytes(old_record()), "cats", 7);
  EXPECT_EQ(record.totals.bytes, 5u);
  EXPECT_EQ(record.parent, 5u);
  EXPECT_EQ(record.datastore, "");
  EXPECT_FALSE(record.previous || record.top_mtime_ns);
  EXPECT_EQ(decode_tombstone(as_bytes(R"({"format": 1, "grid": "tombstone"})"), "cats", 7).moved_to,
            "");
  EXPECT_EQ(decode_description(as_bytes(R"({"format": 1, "grid": "description", "text": "t"})"),
                               "cats", 1),
            "t");
  decode_version_record(as_bytes(old_record("unknown", "[{}]")), "cats", 7);
}

TEST(Records, BreakNoRule) {
  const std::vector<std::pair<std::string, std::string>> broken = {
      {"version", "8"},
      {"version", "0"},
      {"version", "-1"},
      {"version", "4294967303"},
      {"version", "7.0"},
      {"version", "\"7\""},
      {"parent", "7"},
      {"parent", "0"},
      {"parent", "-1"},
      {"files", "-1"},
      {"files", "18446744073709551616"},
      {"files", "1e3"},
      {"files", "null"},
      {"bytes", "true"},
      {"stored_bytes", "-1"},
      {"source", "1"},
      {"created", "\"today\""},
      {"created", "\"2026-11-31T00:00:00Z\""},
      {"grid", "\"store\""},
      {"format", "2"},
      {"format", "-1"},
      {"format", "\"1\""},
      {"root", "\"" + std::string(64, 'A') + "\""},
      {"root", "\"" + std::string(63, 'a') + "\""},
      {"previous", "\"x\""},
      {"deleted", "[7]"},
      {"deleted", "[2, 1]"},
      {"deleted", "[1, 1]"},
      {"deleted", "[0]"},
      {"deleted", "1"},
      {"top_mtime_ns", "9223372036854775808"},
      {"top_mtime_ns", "0.5"},
      {"create_id", "\"\""},
      {"create_id", "\"" + std::string(32, 'A') + "\""},
      {"create_id", "1"},
      {"stored_from", "1"},
      {"stored_sum", "6"},
      {"stored_from", "0, \"stored_sum\": 6"},
      {"stored_from", "7, \"stored_sum\": 6"},
      {"stored_from", "-1, \"stored_sum\": 6"},
      {"stored_from", "1, \"stored_sum\": 5"},
      {"stored_from", "1, \"stored_sum\": 18446744073709551616"},
      {"datastore", "\"cats\""},
      {"digest", "\"" + std::string(64, '0') + "\""}};
  for (const auto& [member, value] : broken)
    expect_refused([&, m = member,
                    v = value] { decode_version_record(as_bytes(old_record(m, v)), "cats", 7); },
                   member + " " + value);
  for (const std::string& text :
       {old_record() + '\0', "\xEF\xBB\xBF" + old_record(), old_record() + "{}",
        old_record("digest", "\"" + std::string(64, 'a') +
                                 "\", \"datastore\": \"cats\", \"x\": \"" + std::string(64, 'a') +
                                 "\"")})
    expect_refused([&] { decode_version_record(as_bytes(text), "cats", 7); }, text);
}

TEST(Records, HaveRoomForTextsOfALimitedSize) {
  VersionRecord record = example();
  // Control characters take six bytes each, and there are many deleted versions.
  record.source = record.message = std::string(record_text_size_max, '\1');
  record.created_by = record.program = std::string(record_name_size_max, '\1');
  record.number = UINT32_MAX;
  record.deleted.clear();
  for (std::size_t i = 0; i < listed_deleted_max; ++i)
    record.deleted.push_back(static_cast<VersionNumber>(4'000'000'000 + i));
  EXPECT_EQ(decode_version_record(as_bytes(encode_version_record(record)), "cats", UINT32_MAX),
            record);
  record.message += "x";
  testing::expect_error(ErrorKind::invalid_argument, "the message has 65537 bytes",
                        [&] { encode_version_record(record); });
  testing::expect_error(ErrorKind::invalid_argument, "the description has", [] {
    encode_description("cats", 1, std::string(record_text_size_max + 1, 'x'));
  });
}

}  // namespace
}  // namespace grid::dataset
