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

Pattern::Pattern(std::string_view text) {
  static constexpr std::string_view dots = "...";
  text.remove_prefix(1);
  while (!text.empty()) {
    std::string_view component = take_until(text, '/');
    const bool is_part = component.starts_with('{');
    if (is_part) component = component.substr(1, component.size() - 2);
    if (is_part && component.ends_with(dots))
      rest_ = component.substr(0, component.size() - dots.size());
    else
      components_.push_back({component, is_part});
  }
}

bool Pattern::matches(const std::vector<std::string>& components) const {
  const std::size_t count = components_.size();
  if (rest_.empty() ? components.size() != count : components.size() < count) return false;
  for (std::size_t i = 0; i < count; ++i)
    if (!components_[i].is_part && components_[i].text != components[i]) return false;
  return true;
}

std::map<std::string, std::string, std::less<>> Pattern::parts(
    std::vector<std::string> components) const {
  std::map<std::string, std::string, std::less<>> parts;
  for (std::size_t i = 0; i < components_.size(); ++i)
    if (components_[i].is_part) parts.emplace(components_[i].text, std::move(components[i]));
  if (rest_.empty()) return parts;
  std::string rest;
  for (std::size_t i = components_.size(); i < components.size(); ++i)
    rest += (rest.empty() ? "" : "/") + components[i];
  parts.emplace(rest_, std::move(rest));
  return parts;
}

}  // namespace grid::server
