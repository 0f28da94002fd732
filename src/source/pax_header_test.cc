#include "source/pax_header.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace grid::source {
namespace {

std::string header(char type, std::size_t size) {
  std::string text(512, '\0');
  text.replace(124, 11, fmt::format("{:011o}", size));
  text[156] = type;
  return text;
}

std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512);
  return text;
}

PaxHeader read(const std::string& records) {
  return read_pax_header(as_bytes(header('x', records.size()) + padded(records) + header('0', 12)));
}

// "SIZE KEY=VALUE\n", for records of 10 to 99 bytes.
std::string record(const std::string& text) {
  return std::to_string(text.size() + 4) + " " + text + "\n";
}

TEST(PaxHeader, NamesAreAsTheyAreWritten) {
  const std::string nfd = "gru\xcc\x88n", broken = "a\xff\n\xff";
  EXPECT_EQ(read(record("path=" + nfd)).path, nfd);
  EXPECT_EQ(read(record("linkpath=" + broken)).link_path, broken);
  EXPECT_EQ(read(record("path=first") + record("path=second")).path, "second");
}

TEST(PaxHeader, ASparseFileHasItsOwnName) {
  const std::string sparse = record("GNU.sparse.name=sparse"), made_up = record("path=made/up");
  EXPECT_EQ(read(sparse + made_up).path, "sparse");
  EXPECT_EQ(read(made_up + sparse).path, "sparse");
}

TEST(PaxHeader, TimesBefore1970KeepSignAndFraction) {
  EXPECT_EQ(read(record("mtime=-0.5")).mtime_ns, -500'000'000);
  EXPECT_EQ(read(record("mtime=-1.5")).mtime_ns, -1'500'000'000);
  EXPECT_EQ(read(record("mtime=-2")).mtime_ns, -2'000'000'000);
  EXPECT_EQ(read(record("mtime=1.00002")).mtime_ns, 1'000'020'000);
  EXPECT_EQ(read(record("mtime=1.0000000019")).mtime_ns, 1'000'000'001);
  EXPECT_EQ(read(record("mtime=253402300799")).mtime_ns, INT64_MAX);
  EXPECT_EQ(read(record("mtime=-253402300799")).mtime_ns, INT64_MIN);
  EXPECT_EQ(read(record("mtime=1x")).mtime_ns, std::nullopt);
}

TEST(PaxHeader, OtherHeadersAreSkippedAndBrokenOnesIgnored) {
  const std::string path_record = "9 path=a\n";
  std::string headers = header('g', 3) + padded("3 x") + header('L', 600) +
                        padded(std::string(600, 'n')) + header('x', path_record.size()) +
                        padded(path_record) + header('0', 0);
  EXPECT_EQ(read_pax_header(as_bytes(headers)).path, "a");
  EXPECT_EQ(read_pax_header(as_bytes(headers.substr(0, 2600))).path, std::nullopt);
  EXPECT_EQ(read_pax_header(as_bytes(header('x', 1 << 20) + path_record)).path, std::nullopt);
  EXPECT_EQ(read_pax_header({}).path, std::nullopt);
  for (const char* bad :
       {"", "x path=a\n", "99999 path=a\n", "0 path=a\n", "9 path=a ", "3 \n", "2 "})
    EXPECT_EQ(read(bad).path, std::nullopt) << bad;
}

}  // namespace
}  // namespace grid::source
