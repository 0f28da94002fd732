#include "cli/references.h"

#include "base/error.h"
#include "base/text.h"

namespace grid::cli {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "3" for "3" and "v3".
std::string_view number_of(std::string_view version) {
  if (version.starts_with('v') && is_number(version.substr(1))) version.remove_prefix(1);
  return version;
}

}  // namespace

std::string plain_reference(std::string_view written) {
  std::string_view rest = written;
  // "grid:2" is version 2 of a datastore called grid.
  const bool names_grid =
      rest == "grid:latest" || (rest.starts_with("grid:") && is_number(number_of(rest.substr(5))));
  if (!take_prefix(rest, "grid://") && !take_prefix(rest, "/datastores/") && !names_grid)
    take_prefix(rest, "grid:");
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t end = rest.find_first_of(":/");
  if (end == rest.npos || rest.find('/', end + 1) != rest.npos) return std::string(rest);
  const std::string_view version = number_of(rest.substr(end + 1));
  if (rest[end] == '/' && version != "latest" && !is_number(version)) return std::string(rest);
  return fmt::format("{}:{}", rest.substr(0, end), version);
}

dataset::Reference parse_reference(std::string_view written) {
  const std::string plain = plain_reference(written);
  try {
    return dataset::Reference::parse(plain);
  } catch (const Error& error) {
    const std::string lower = lower_case(plain);
    if (lower != plain && dataset::is_datastore_name(lower.substr(0, lower.find_first_of(":@"))))
      fail(error.kind(), "{}; did you mean {}?", error.what(), lower);
    const std::string_view head = std::string_view(plain).substr(0, plain.find('/'));
    if (head.size() < plain.size() && dataset::is_datastore_name(head))
      fail(error.kind(),
           "\"{}\": write a version as {}:3; a path inside it is an argument of its own", written,
           head);
    throw;
  }
}

std::string parse_datastore_alone(std::string_view written, std::string_view why) {
  dataset::Reference reference = parse_reference(written);
  if (reference.names_version())
    fail(ErrorKind::invalid_argument, "{} {}: name no version", why, reference.name);
  return std::move(reference.name);
}

}  // namespace grid::cli
