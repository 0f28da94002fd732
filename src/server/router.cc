#include "server/router.h"

#include "base/text.h"

namespace grid::server {

std::uint64_t Call::number(std::string_view name, std::uint64_t otherwise, std::uint64_t min,
                           std::uint64_t max) const {
  const std::optional<std::string> text = request.query(name);
  if (!text) return otherwise;
  const std::optional<std::uint64_t> value = parse_number<std::uint64_t>(*text);
  if (!value || *value < min || *value > max)
    fail(ErrorKind::invalid_argument, "{} is \"{}\"; it is a number from {} to {}", name,
         to_utf8(*text), min, max);
  return *value;
}

std::optional<std::map<std::string, std::string, std::less<>>> match(
    std::string_view pattern, const std::vector<std::string>& components) {
  std::map<std::string, std::string, std::less<>> parts;
  pattern.remove_prefix(1);
  std::size_t at = 0;
  for (; !pattern.empty(); ++at) {
    std::string_view expected = take_until(pattern, '/');
    const bool is_part = expected.starts_with('{');
    if (is_part) expected = expected.substr(1, expected.size() - 2);
    if (is_part && expected.ends_with("...")) {
      std::string rest;
      for (; at < components.size(); ++at) rest += (rest.empty() ? "" : "/") + components[at];
      parts.emplace(expected.substr(0, expected.size() - 3), std::move(rest));
      return parts;
    }
    if (at == components.size()) return std::nullopt;
    if (is_part)
      parts.emplace(expected, components[at]);
    else if (components[at] != expected)
      return std::nullopt;
  }
  if (at < components.size()) return std::nullopt;
  return parts;
}

}  // namespace grid::server
