#include "cli/text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

#include "base/error.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "base/utc.h"

namespace grid::cli {

namespace {

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

// 0 for combining marks, 2 for blocks that are wide by Unicode's East Asian Width. Approximate: a
// table that is off by one column in a rare script does no harm.
std::size_t width_of(char32_t c) {
  if ((c >= 0x300 && c < 0x370) || (c >= 0x200b && c < 0x2010) || (c >= 0xfe00 && c < 0xfe10))
    return 0;
  bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0) ||
              (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) ||
              (c >= 0xfe30 && c < 0xfe70) || (c >= 0xff00 && c < 0xff61) ||
              (c >= 0x1f300 && c < 0x1f650) || (c >= 0x1f900 && c < 0x1fa00) ||
              (c >= 0x20000 && c < 0x40000);
  return wide ? 2 : 1;
}

enum class Backslash { kept, doubled };
enum class Layout { kept, escaped };  // newlines and tabs

std::string escape(std::string_view text, Backslash backslash, Layout layout = Layout::escaped) {
  std::string out;
  while (!text.empty()) {
    CodePoint c = first_code_point(text);
    std::size_t size = c.size == 0 ? 1 : c.size;
    const bool is_layout = c.value == '\n' || c.value == '\t';
    if (c.size == 0 || (is_control(c.value) && !(is_layout && layout == Layout::kept))) {
      if (text[0] == '\n')
        out += "\\n";
      else if (text[0] == '\t')
        out += "\\t";
      else
        for (char byte : text.substr(0, size))
          out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    } else if (c.value == '\\' && backslash == Backslash::doubled) {
      out += "\\\\";
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array units = {"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return value < 99.95 ? fmt::format("{:.1f} {}", value, units[unit])
                       : fmt::format("{:.0f} {}", value, units[unit]);
}

std::uint64_t parse_size(std::string_view text, std::string_view what) {
  static constexpr std::string_view prefixes = "kmgtp";
  auto refuse = [&]() -> void {
    fail(ErrorKind::invalid_argument,
         "{}: \"{}\" is not a size: write bytes, or a number with kB, MB, GB, TB or KiB, MiB, GiB, "
         "TiB, as in 500GB",
         what, text);
  };
  std::string word;
  for (char c : text)
    if (c != ' ') word += lower_case(c);
  double number = 0;
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  std::string_view unit(end, static_cast<std::size_t>(word.data() + word.size() - end));
  if (error != std::errc() || !(number >= 0)) refuse();
  double factor = 1;
  if (!unit.empty() && unit != "b") {
    std::size_t power = prefixes.find(unit[0]);
    if (power == std::string_view::npos) refuse();
    unit.remove_prefix(1);
    const bool binary = unit.starts_with("i");
    if (unit != "" && unit != "b" && unit != "i" && unit != "ib") refuse();
    for (std::size_t i = 0; i <= power; ++i) factor *= binary ? 1024 : 1000;
  }
  if (number * factor >= 1e19) refuse();
  return static_cast<std::uint64_t>(number * factor);
}

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

std::string format_count(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

std::uint64_t parse_count(std::string_view text, std::string_view what) {
  const auto count = parse_number<std::uint64_t>(text);
  if (!count)
    fail(ErrorKind::invalid_argument, "{}: \"{}\" is not a number: write one such as 10000", what,
         text);
  return *count;
}

std::string format_duration(std::chrono::nanoseconds duration) {
  double seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
  auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string format_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = timespec_of(timestamp_of(time)).tv_sec;  // also before 1970
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min);
}

std::string format_time(std::string_view rfc3339) {
  const auto time = parse_rfc3339(rfc3339);
  return time ? format_time(*time) : std::string(rfc3339);
}

std::string escape_name(std::string_view name) { return escape(name, Backslash::doubled); }
std::string escape_controls(std::string_view text) { return escape(text, Backslash::kept); }
std::string escape_all_but_layout(std::string_view text) {
  return escape(text, Backslash::kept, Layout::kept);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    CodePoint c = first_code_point(text);
    width += c.size == 0 ? 1 : width_of(c.value);
    text.remove_prefix(c.size == 0 ? 1 : c.size);
  }
  return width;
}

std::string fit(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::size_t columns = 0, end = 0;
  while (end < text.size()) {
    CodePoint c = first_code_point(text.substr(end));
    std::size_t columns_more = c.size == 0 ? 1 : width_of(c.value);
    if (columns + columns_more > width - 1) break;
    columns += columns_more;
    end += c.size == 0 ? 1 : c.size;
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace grid::cli
