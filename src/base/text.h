// Small operations on texts.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace grid {

// Without the blanks at both ends.
std::string_view trimmed(std::string_view text, std::string_view blanks = " \t\r\n");

// With the letters of ASCII in lower case, whatever the locale.
constexpr char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string lower_case(std::string_view text);

// Removes and returns what comes before the first `end` in `text`, and drops that `end`; takes all
// of `text` if there is none.
std::string_view take_until(std::string_view& text, char end);

// The folder and the name of a path: "a/b" and "c" of "a/b/c", "" and "c" of "c".
std::pair<std::string_view, std::string_view> split_path(std::string_view path);

// The decimal number that all of `text` spells. Empty for any other text and for a number that does
// not fit.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [parsed_end, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed_end != end) return std::nullopt;
  return number;
}

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;  // bytes; 0: the text does not begin with UTF-8
};

// Decodes the first code point of a text that is not empty.
CodePoint first_code_point(std::string_view text);
bool is_utf8(std::string_view text);
// Each byte that is not UTF-8 becomes U+FFFD.
std::string to_utf8(std::string_view bytes);

// A word for a POSIX shell: in quotes if it needs them.
std::string shell_word(std::string_view word);

}  // namespace grid
