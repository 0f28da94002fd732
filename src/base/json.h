// JSON that others have written, read strictly: stored objects, and the node's own files.
//
// A text is one value of RFC 8259 in UTF-8 with at most white space around it. No byte order mark,
// no zero byte, no member twice in an object, and no more bytes or depth than the limits say. So
// two readers cannot take the same bytes for different things.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grid {

struct JsonLimits {
  std::size_t size_max = 1 << 20;  // bytes
  unsigned depth_max = 16;         // objects and arrays inside each other
};

// Throw `corrupt`; `noun` begins the message, as in "NOUN: has the member \"x\" twice".
nlohmann::json parse_json(std::string_view text, std::string_view noun,
                          const JsonLimits& limits = {});
nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view noun,
                                          const JsonLimits& limits = {});

// An object whose members are checked when they are read. A number is one without sign, fraction
// and exponent: neither -1 nor 2^64 nor 1e3.
//
// Each method throws `corrupt` if the member is of another kind or out of range; the find_ methods
// are empty if there is no such member, the others throw then too.
class JsonObject {
 public:
  // Throws as parse_json() does, and for a value that is no object.
  JsonObject(std::string_view text, std::string noun, const JsonLimits& limits = {});

  const std::string& noun() const { return noun_; }
  bool has(std::string_view name) const;
  // The member as JSON text, whatever it is, for messages; "nothing" if it is absent.
  std::string shown(std::string_view name) const;

  std::string text(std::string_view name) const;
  std::optional<std::string> find_text(std::string_view name) const;
  std::uint64_t number(std::string_view name, std::uint64_t min = 0,
                       std::uint64_t max = UINT64_MAX) const;
  std::optional<std::uint64_t> find_number(std::string_view name, std::uint64_t min = 0,
                                           std::uint64_t max = UINT64_MAX) const;
  std::optional<std::int64_t> find_integer(std::string_view name) const;  // with or without sign
  // An array of numbers.
  std::optional<std::vector<std::uint64_t>> find_numbers(std::string_view name, std::uint64_t min,
                                                         std::uint64_t max) const;
  std::optional<bool> find_truth(std::string_view name) const;
  std::optional<std::vector<std::string>> find_texts(std::string_view name) const;  // an array

  // Throws `corrupt` for this member.
  [[noreturn]] void refuse(std::string_view name, std::string_view why) const;

 private:
  const nlohmann::json* find(std::string_view name) const;
  std::uint64_t number_of(const nlohmann::json& value, std::string_view name, std::uint64_t min,
                          std::uint64_t max) const;

  std::string noun_;
  std::shared_ptr<const nlohmann::json> object_;
};

}  // namespace grid
