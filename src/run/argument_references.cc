#include "run/argument_references.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "run/references.h"
#include "store/layout.h"

namespace grid::run {

using dataset::Reference;

namespace {

constexpr std::string_view scheme = "grid:";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A name, or what was meant as one.
bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
  });
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
}

bool is_version_word(std::string_view word) {
  return word == "latest" ||
         (!word.empty() && word.front() != '0' && std::all_of(word.begin(), word.end(), is_digit));
}

// A pattern for versions, such as `*`, `[12]` or `{1,2}`; or a place for one, as `%d` and `$V`.
bool stands_for_versions(std::string_view component) {
  if (component.empty()) return false;
  if (component.front() == '%' || component.front() == '$') return true;
  constexpr std::string_view pattern = "*?[]{},!";
  if (component.front() == '{' && component.back() == '}') return true;
  return component.find_first_of(pattern) != component.npos &&
         std::all_of(component.begin(), component.end(), [&](char c) {
           return is_digit(c) || c == '-' || pattern.find(c) != pattern.npos;
         });
}

class Finder {
 public:
  Finder(std::string_view argument, std::string_view mount_folder)
      : argument_(argument), mount_folder_(mount_folder) {}

  std::vector<ArgumentReference> find() {
    std::size_t at = begin_of_value();
    while (at != argument_.npos) {
      const std::optional<ArgumentReference> found = find_at(at);
      if (found) found_.push_back(*found);
      // Without one at its start a text is a list only where nothing but a list has such a mark.
      const std::string_view marks = found_.empty() ? ",;" : ",;: \t";
      at = next_in_list(found ? found->offset + found->size : at, marks);
      if (found_.empty() && argument_.find_first_of(" \t\"'(") != argument_.npos) break;
    }
    return std::move(found_);
  }

 private:
  // The length of the folder that a reference at `at` begins with; 0 if none begins there.
  std::size_t prefix_at(std::size_t at) const {
    const std::string_view text = argument_.substr(at);
    if (text.starts_with(scheme)) return scheme.size();
    for (const std::string_view folder : {mount_folder_, default_mount_folder})
      if (is_below(text, folder))
        return text.find_first_not_of('/', folder.size()) == text.npos
                   ? 0
                   : text.find_first_not_of('/', folder.size());
    return 0;
  }

  // 0, or what follows the '=' of an option or a key.
  std::size_t begin_of_value() const {
    if (prefix_at(0) > 0) return 0;
    const std::size_t equals = argument_.find('=');
    if (equals == argument_.npos) return 0;
    const std::string_view key = argument_.substr(0, equals);
    const bool is_key = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
      return is_letter(c) || is_digit(c) ||
             std::string_view("-_.+@~/[]").find(c) != std::string_view::npos;
    });
    return is_key ? equals + 1 : argument_.npos;
  }

  // Whether the character at `at` ends an item of a list.
  bool is_divider(std::size_t at) const {
    const char c = argument_[at];
    if (c != ',' && c != ';' && c != ':' && c != ' ' && c != '\t') return false;
    if (prefix_at(at + 1) > 0) return true;
    return (c == ',' || c == ':') && argument_.substr(at + 1).starts_with('/') &&
           !argument_.substr(at + 1).starts_with("//");
  }

  std::size_t next_in_list(std::size_t at, std::string_view marks) const {
    for (; at < argument_.size(); ++at)
      if (marks.find(argument_[at]) != marks.npos && is_divider(at)) return at + 1;
    return argument_.npos;
  }

  std::size_t end_of_word(std::size_t at, char also = '/') const {
    while (at < argument_.size() && argument_[at] != '/' && argument_[at] != also &&
           !is_divider(at))
      ++at;
    return at;
  }

  std::string_view text(std::size_t begin, std::size_t end) const {
    return argument_.substr(begin, end - begin);
  }

  std::optional<ArgumentReference> find_at(std::size_t at) const {
    const std::size_t prefix = prefix_at(at);
    if (prefix == 0) return std::nullopt;
    try {
      return argument_.substr(at).starts_with(scheme) ? with_scheme(at) : below_folder(at, prefix);
    } catch (const Error& error) {
      throw error.within(argument_);
    }
  }

  // "grid:cats:3", "grid:cats@best"
  std::optional<ArgumentReference> with_scheme(std::size_t at) const {
    const std::size_t begin = at + scheme.size();
    std::size_t end = end_of_word(begin, ':');
    if (const std::size_t mark = argument_.find('@', begin); mark < end)
      return with_tag(at, begin, mark, end_of_word(mark));
    const std::string_view name = text(begin, end);
    const bool has_version = end < argument_.size() && argument_[end] == ':' && !is_divider(end);
    const std::size_t name_end = end;
    if (has_version) end = end_of_word(end + 1);
    const std::string_view version = has_version ? text(name_end + 1, end) : std::string_view();
    if (!dataset::is_datastore_name(name)) {
      if (is_word(name) && (!has_version || is_version_word(version)))
        dataset::check_datastore_name(name);
      return std::nullopt;
    }
    ArgumentReference found{at, end - at, {.name = std::string(name)}};
    if (!has_version) return found;
    if (is_version_word(version))
      found.reference = Reference::parse(text(begin, end));
    else
      found.problem =
          fmt::format("\"{}\" is no version: it is a number from 1, or latest", version);
    return found;
  }

  std::optional<ArgumentReference> with_tag(std::size_t at, std::size_t begin, std::size_t mark,
                                            std::size_t end) const {
    const std::string_view name = text(begin, mark), tag = text(mark + 1, end);
    if (!dataset::is_datastore_name(name)) {
      if (is_word(name) && dataset::is_tag(tag)) dataset::check_datastore_name(name);
      return std::nullopt;
    }
    ArgumentReference found{at, end - at, {.name = std::string(name)}};
    if (dataset::is_tag(tag))
      found.reference.tag = tag;
    else
      found.problem = fmt::format("\"{}\" is no tag", tag);
    return found;
  }

  // "/datastores/cats/3"
  std::optional<ArgumentReference> below_folder(std::size_t at, std::size_t prefix) const {
    const std::size_t begin = at + prefix;
    const std::size_t name_end = end_of_word(begin);
    const std::string_view name = text(begin, name_end);
    const std::size_t next = argument_.find_first_not_of('/', name_end);
    const bool has_more =
        next != argument_.npos && argument_[name_end < argument_.size() ? name_end : 0] == '/';
    const std::size_t word_end = has_more ? end_of_word(next) : name_end;
    const std::string_view word = has_more ? text(next, word_end) : std::string_view();
    const bool certain = is_below(argument_.substr(at), mount_folder_);
    if (!dataset::is_datastore_name(name)) {
      if (certain && is_word(name) && is_version_word(word)) dataset::check_datastore_name(name);
      return std::nullopt;
    }
    if (stands_for_versions(word)) return std::nullopt;
    ArgumentReference found{at, name_end - at, {.name = std::string(name)}, certain};
    if (!is_version_word(word)) return found;
    found.size = word_end - at;
    found.reference = Reference::parse(fmt::format("{}:{}", name, word));
    return found;
  }

  const std::string_view argument_, mount_folder_;
  std::vector<ArgumentReference> found_;
};

}  // namespace

std::vector<ArgumentReference> find_references(std::string_view argument,
                                               std::string_view mount_folder) {
  return Finder(argument, mount_folder).find();
}

std::vector<Reference> find_mentions(std::string_view argument, std::string_view mount_folder) {
  std::vector<Reference> mentions;
  for (std::size_t at = argument.find(mount_folder); at != argument.npos;
       at = argument.find(mount_folder, at + 1)) {
    if (at > 0 && (is_word(argument.substr(at - 1, 1)) || argument[at - 1] == '/')) continue;
    std::string_view rest = argument.substr(at + mount_folder.size());
    const auto take_component = [&] {
      const std::size_t begin = std::min(rest.find_first_not_of('/'), rest.size());
      if (begin == 0) return std::string_view();
      std::size_t end = begin;
      while (end < rest.size() && is_word(rest.substr(end, 1))) ++end;
      const std::string_view component = rest.substr(begin, end - begin);
      rest.remove_prefix(end);
      return component;
    };
    const std::string_view name = take_component(), word = take_component();
    if (!dataset::is_datastore_name(name)) continue;
    if (const auto number = store::parse_number(word))
      mentions.push_back({.name = std::string(name), .version = *number});
  }
  return mentions;
}

}  // namespace grid::run
