#include "care/archive_member.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "base/text.h"

namespace grid::care {

using tree::EntryKind;

std::uint32_t ArchiveMember::mode() const {
  switch (kind) {
    case EntryKind::folder:
      return 0040755;
    case EntryKind::symlink:
      return 0120777;
    default:
      return executable ? 0100755 : 0100644;
  }
}

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::int64_t seconds_of(std::int64_t time_ns) {  // rounded down
  return time_ns / second_ns - (time_ns % second_ns < 0 ? 1 : 0);
}

// "1.5", "-0.25": a number of seconds as extended headers spell it.
std::string decimal_seconds(std::int64_t time_ns) {
  const std::uint64_t size =
      time_ns < 0 ? 0 - static_cast<std::uint64_t>(time_ns) : static_cast<std::uint64_t>(time_ns);
  std::string text = fmt::format("{}{}", time_ns < 0 ? "-" : "", size / second_ns);
  if (size % second_ns != 0) text += fmt::format(".{:09}", size % second_ns);
  while (text.find('.') != text.npos && text.back() == '0') text.pop_back();
  return text;
}

// A record of an extended header, which begins with its own length.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;  // " key=value\n"
  std::size_t size = rest;
  while (size != rest + std::to_string(size).size()) size = rest + std::to_string(size).size();
  return fmt::format("{} {}={}\n", size, key, value);
}

std::string tar_block(std::string_view name, std::string_view target, char type, std::uint32_t mode,
                      std::uint64_t size, std::int64_t seconds) {
  std::string block(tar_block_size, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name.substr(0, 100));
  put(100, fmt::format("{:07o}", mode & 07777));
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", size));
  put(136, fmt::format("{:011o}", seconds));
  put(148, "        ");
  block[156] = type;
  put(157, target.substr(0, 100));
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  block[154] = '\0';
  return block;
}

std::string padded_to_block(std::string text) {
  text.resize((text.size() + tar_block_size - 1) / tar_block_size * tar_block_size, '\0');
  return text;
}

}  // namespace

std::string tar_header(const ArchiveMember& member) {
  constexpr std::uint64_t size_max = 077777777777;
  constexpr std::int64_t seconds_max = 077777777777;
  const bool is_file = member.kind == EntryKind::file;
  const std::string path = member.path + (member.kind == EntryKind::folder ? "/" : "");
  std::string records;
  if (!is_utf8(path) || !is_utf8(member.target)) records += pax_record("hdrcharset", "BINARY");
  // Other programs take names in the plain header for texts of their own encoding.
  const auto needs_record = [](std::string_view text) {
    return text.size() > 100 ||
           std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
  };
  if (needs_record(path)) records += pax_record("path", path);
  if (needs_record(member.target)) records += pax_record("linkpath", member.target);
  const std::uint64_t size = is_file ? member.size : 0;
  if (size > size_max) records += pax_record("size", std::to_string(size));
  const std::int64_t seconds = seconds_of(member.mtime_ns);
  if (member.mtime_ns % second_ns != 0 || seconds < 0 || seconds > seconds_max)
    records += pax_record("mtime", decimal_seconds(member.mtime_ns));

  std::string header;
  const std::int64_t plain_seconds = std::clamp<std::int64_t>(seconds, 0, seconds_max);
  if (!records.empty()) {
    header = tar_block("PaxHeader", "", 'x', 0644, records.size(), plain_seconds);
    header += padded_to_block(std::move(records));
  }
  const char type = member.kind == EntryKind::folder      ? '5'
                    : member.kind == EntryKind::symlink   ? '2'
                    : member.kind == EntryKind::hard_link ? '1'
                                                          : '0';
  return header + tar_block(path, member.target, type, member.mode(), std::min(size, size_max),
                            plain_seconds);
}

namespace {

constexpr std::uint64_t zip32_max = 0xffffffff;

// Little-endian integers and texts, one after the other.
class ZipBytes {
 public:
  ZipBytes& u16(std::uint64_t value) { return put(value, 2); }
  ZipBytes& u32(std::uint64_t value) { return put(value, 4); }
  ZipBytes& u64(std::uint64_t value) { return put(value, 8); }
  ZipBytes& text(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  ZipBytes& put(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xff);
    return *this;
  }
  std::string bytes_;
};

std::uint64_t at_most_32_bits(std::uint64_t value) { return std::min(value, zip32_max); }

// Date and time as DOS had them, in UTC: from 1980 to 2107, every other second.
std::uint32_t dos_time(std::int64_t mtime_ns) {
  const std::time_t seconds = std::clamp<std::int64_t>(seconds_of(mtime_ns), 315532800, 4354819198);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  const auto date = static_cast<std::uint32_t>((parts.tm_year - 80) << 9 | (parts.tm_mon + 1) << 5 |
                                               parts.tm_mday);
  const auto time =
      static_cast<std::uint32_t>(parts.tm_hour << 11 | parts.tm_min << 5 | parts.tm_sec / 2);
  return date << 16 | time;
}

// The time to the second, in UTC whatever the reader's zone.
std::string time_extra(std::int64_t mtime_ns) {
  const std::int64_t seconds = seconds_of(mtime_ns);
  if (seconds < INT32_MIN || seconds > INT32_MAX) return {};
  return ZipBytes().u16(0x5455).u16(5).text("\x01").u32(static_cast<std::uint64_t>(seconds)).take();
}

std::string zip_path(const ArchiveMember& member) {
  return member.path + (member.kind == EntryKind::folder ? "/" : "");
}

}  // namespace

std::uint64_t ZipMember::content_size() const {
  if (member.kind == EntryKind::file) return member.size;
  return member.kind == EntryKind::symlink ? member.target.size() : 0;
}

std::uint64_t ZipMember::stored_size() const {
  const std::uint64_t size = content_size();
  return large ? size + (size + block_size_max - 1) / block_size_max * block_header_size : size;
}

bool ZipMember::is_zip64() const { return stored_size() >= zip32_max; }

static std::uint64_t zip_flags(const ZipMember& zip) {
  return (zip.large ? 1 << 3 : 0) | (is_utf8(zip.member.path) ? 1 << 11 : 0);
}

static std::uint64_t needed_version(bool zip64) { return zip64 ? 45 : 20; }

std::string ZipMember::header() const {
  std::string extra = time_extra(member.mtime_ns);
  if (is_zip64()) extra += ZipBytes().u16(1).u16(16).u64(0).u64(0).take();
  const std::string path = zip_path(member);
  const std::uint64_t size = is_zip64() ? zip32_max : large ? 0 : content_size();
  return ZipBytes()
      .u32(0x04034b50)
      .u16(needed_version(is_zip64()))
      .u16(zip_flags(*this))
      .u16(large ? 8 : 0)
      .u32(dos_time(member.mtime_ns))
      .u32(large ? 0 : crc)
      .u32(size)
      .u32(size)
      .u16(path.size())
      .u16(extra.size())
      .text(path)
      .text(extra)
      .take();
}

std::string ZipMember::block_header(std::size_t size, bool last) const {
  return ZipBytes().text({last ? "\1" : "\0", 1}).u16(size).u16(~size).take();
}

std::string ZipMember::trailer() const {
  if (!large) return {};
  ZipBytes bytes;
  bytes.u32(0x08074b50).u32(crc);
  if (is_zip64()) return bytes.u64(stored_size()).u64(content_size()).take();
  return bytes.u32(stored_size()).u32(content_size()).take();
}

std::uint64_t ZipMember::whole_size() const {
  return header().size() + stored_size() + trailer().size();
}

std::string ZipMember::directory_entry(std::uint64_t offset) const {
  ZipBytes large_values;
  if (content_size() >= zip32_max) large_values.u64(content_size());
  if (stored_size() >= zip32_max) large_values.u64(stored_size());
  if (offset >= zip32_max) large_values.u64(offset);
  const std::string values = large_values.take();
  std::string extra = time_extra(member.mtime_ns);
  if (!values.empty()) extra += ZipBytes().u16(1).u16(values.size()).text(values).take();
  const std::string path = zip_path(member);
  return ZipBytes()
      .u32(0x02014b50)
      .u16(3 << 8 | 45)  // made on Unix
      .u16(needed_version(!values.empty()))
      .u16(zip_flags(*this))
      .u16(large ? 8 : 0)
      .u32(dos_time(member.mtime_ns))
      .u32(crc)
      .u32(at_most_32_bits(stored_size()))
      .u32(at_most_32_bits(content_size()))
      .u16(path.size())
      .u16(extra.size())
      .u16(0)  // comment
      .u16(0)  // disk
      .u16(0)  // internal attributes
      .u32(std::uint64_t{member.mode()} << 16 | (member.kind == EntryKind::folder ? 0x10 : 0))
      .u32(at_most_32_bits(offset))
      .text(path)
      .text(extra)
      .take();
}

std::string zip_end(std::uint64_t count, std::uint64_t directory_begin,
                    std::uint64_t directory_size) {
  ZipBytes end;
  if (count >= 0xffff || directory_begin >= zip32_max || directory_size >= zip32_max)
    end.u32(0x06064b50)
        .u64(44)
        .u16(3 << 8 | 45)
        .u16(45)
        .u32(0)
        .u32(0)
        .u64(count)
        .u64(count)
        .u64(directory_size)
        .u64(directory_begin)
        .u32(0x07064b50)
        .u32(0)
        .u64(directory_begin + directory_size)
        .u32(1);
  return end.u32(0x06054b50)
      .u16(0)
      .u16(0)
      .u16(std::min<std::uint64_t>(count, 0xffff))
      .u16(std::min<std::uint64_t>(count, 0xffff))
      .u32(at_most_32_bits(directory_size))
      .u32(at_most_32_bits(directory_begin))
      .u16(0)
      .take();
}

}  // namespace grid::care
