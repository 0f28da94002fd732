#include "service/json.h"

#include <fmt/format.h>

#include <cassert>
#include <cmath>

#include "base/hex.h"
#include "base/text.h"

namespace grid::service {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  const std::string utf8 = to_utf8(text);
  for (std::string_view rest = utf8; !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    switch (c.value) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        // JSON asks for those below 0x20; a terminal obeys the others too.
        if (c.value < 0x20 || (c.value >= 0x7f && c.value < 0xa0))
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c.value));
        else
          out += rest.substr(0, c.size);
    }
    rest.remove_prefix(c.size);
  }
  return out + "\"";
}

void JsonWriter::start_member() {
  if (levels_.empty() || after_key_) {
    after_key_ = false;
    return;
  }
  bool first = !std::exchange(levels_.back().has_members, true);
  if (one_line_) {
    write_(first ? "" : ", ");
    return;
  }
  write_(first ? "\n" : ",\n");
  write_(std::string(2 * levels_.size(), ' '));
}

JsonWriter& JsonWriter::raw(std::string_view text) {
  start_member();
  write_(text);
  return *this;
}

JsonWriter& JsonWriter::begin(char open, char close) {
  raw({&open, 1});
  levels_.push_back({close});
  return *this;
}

JsonWriter& JsonWriter::end(char close) {
  assert(!levels_.empty() && levels_.back().end == close && !after_key_);
  bool has_members = levels_.back().has_members;
  levels_.pop_back();
  if (has_members && !one_line_) write_("\n" + std::string(2 * levels_.size(), ' '));
  write_({&close, 1});
  if (levels_.empty()) write_("\n");
  return *this;
}

JsonWriter& JsonWriter::begin_object() { return begin('{', '}'); }
JsonWriter& JsonWriter::end_object() { return end('}'); }
JsonWriter& JsonWriter::begin_array() { return begin('[', ']'); }
JsonWriter& JsonWriter::end_array() { return end(']'); }

JsonWriter& JsonWriter::key(std::string_view name) {
  assert(!levels_.empty() && levels_.back().end == '}' && !after_key_);
  raw(json_string(name) + ": ");
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) { return raw(json_string(text)); }
JsonWriter& JsonWriter::value(bool truth) { return raw(truth ? "true" : "false"); }
JsonWriter& JsonWriter::value(double number) {
  return std::isfinite(number) ? raw(fmt::format("{}", number)) : null();
}
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::name_member(std::string_view name, std::string_view bytes) {
  member(name, bytes);
  if (!is_utf8(bytes)) member(fmt::format("{}_hex", name), to_hex(as_bytes(bytes)));
  return *this;
}

}  // namespace grid::service
