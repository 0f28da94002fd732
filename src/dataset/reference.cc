#include "dataset/reference.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "store/layout.h"

namespace grid::dataset {

static bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
static bool is_name_character(char c) {
  return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
}
static constexpr std::size_t name_size_max = 63;

bool is_datastore_name(std::string_view name) {
  return !name.empty() && name.size() <= name_size_max && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

void check_datastore_name(std::string_view name) {
  if (!is_datastore_name(name))
    fail(ErrorKind::invalid_argument,
         "\"{}\" cannot be the name of a datastore: use 1 to {} of a-z 0-9 . _ - and begin with a "
         "letter or digit",
         name, name_size_max);
}

bool is_tag(std::string_view text) {
  return is_datastore_name(text) && text != "latest" &&
         text.find_first_not_of("0123456789") != text.npos;
}

void check_tag(std::string_view text) {
  if (!is_tag(text))
    fail(ErrorKind::invalid_argument,
         "\"{}\" cannot be a tag: use 1 to {} of a-z 0-9 . _ - and begin with a letter or digit; "
         "numbers and \"latest\" mean versions already",
         text, name_size_max);
}

static std::optional<VersionNumber> parse_version(std::string_view text, std::string_view version,
                                                  std::string_view name) {
  const std::optional<VersionNumber> number = store::parse_number(version);
  if (!number)
    fail(ErrorKind::invalid_argument,
         "\"{}\": a version is a number from 1 or \"latest\", as in {}:1", text, name);
  return number;
}

Reference Reference::parse(std::string_view text) {
  const std::size_t name_end = text.find_first_of(":@");
  Reference reference{.name = std::string(text.substr(0, name_end))};
  check_datastore_name(reference.name);
  if (name_end == std::string_view::npos) return reference;
  const std::string_view rest = text.substr(name_end + 1);
  if (text[name_end] == '@') {
    check_tag(rest);
    reference.tag = rest;
  } else if (rest == "latest") {
    reference.named_latest = true;
  } else {
    reference.version = parse_version(text, rest, reference.name);
  }
  return reference;
}

Reference Reference::parse(std::string_view name, std::string_view version) {
  return parse(fmt::format("{}{}{}", name, version.starts_with('@') ? "" : ":", version));
}

std::string Reference::text() const {
  if (version) return name + ":" + std::to_string(*version);
  if (!tag.empty()) return name + "@" + tag;
  return named_latest ? name + ":latest" : name;
}

// The letters U+00C0 to U+017F in lower case and without their marks; '?' where there is none.
static constexpr std::string_view plain_letters =
    "aaaaaaaceeeeiiiidnooooo?ouuuuyts"
    "aaaaaaaceeeeiiiidnooooo?ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggg"
    "gggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssss"
    "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

// Letters with marks become plain ones, everything else of ASCII and of Latin letters that a name
// cannot have becomes '-', never two in a row. Other characters stay: see below.
static std::string in_name_characters(std::string_view text) {
  std::string out;
  const auto add_dash = [&] {
    if (!out.empty() && out.back() != '-') out += '-';
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0u;
    if (is_name_character(text[at])) {
      out += text[at];
    } else if (byte < 0x80) {
      add_dash();
    } else if (byte >= 0xc3 && byte <= 0xc5 && (next & 0xc0) == 0x80) {
      const std::size_t letter = (byte - 0xc3u) * 64 + (next - 0x80u);
      ++at;
      if (letter < plain_letters.size() && plain_letters[letter] != '?')
        out += plain_letters[letter];
      else
        add_dash();
    } else if (byte == 0xcc && next >= 0x80 && next <= 0xbf) {
      ++at;  // a mark that stands behind its letter
    } else {
      out += text[at];
    }
  }
  while (out.ends_with('-') && !text.ends_with('-')) out.pop_back();
  return out;
}

std::string datastore_name_of_source(std::string_view source) {
  std::string_view end = source;
  while (end.size() > 1 && end.ends_with('/')) end.remove_suffix(1);
  std::string name = lower_case(end.substr(end.rfind('/') + 1));
  static constexpr std::array<std::string_view, 13> suffixes = {
      ".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2", ".tgz", ".tzst", ".txz",
      ".tbz2",   ".tbz",     ".tzs",    ".tar",     ".zip", ".gz"};
  for (std::string_view suffix : suffixes)
    if (name.ends_with(suffix) && name.size() > suffix.size()) {
      name.resize(name.size() - suffix.size());
      break;
    }
  name = in_name_characters(name);
  // Dropping what a name cannot have would make one datastore of different sources.
  if (!is_datastore_name(name))
    fail(
        ErrorKind::invalid_argument,
        "no name for a datastore can be taken from \"{}\": give one with --name, of 1 to {} of a-z "
        "0-9 . _ - that begins with a letter or digit",
        source, name_size_max);
  return name;
}

std::string spell(std::string_view name, VersionNumber number) {
  return fmt::format("{}:{}", name, number);
}

// The number of insertions, removals and replacements that turn one text into the other.
static std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::vector<std::string> nearest_names(std::string_view wanted,
                                       const std::vector<std::string>& known) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& name : known) {
    std::size_t distance = edit_distance(wanted, name);
    bool contained = wanted.size() >= 3 && name.find(wanted) != std::string::npos;
    if (distance <= std::max<std::size_t>(2, wanted.size() / 3) || contained)
      ranked.emplace_back(distance, name);
  }
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > 3) ranked.resize(3);
  std::vector<std::string> names;
  for (auto& [distance, name] : ranked) names.push_back(std::move(name));
  return names;
}

std::string did_you_mean(std::string_view wanted, const std::vector<std::string>& known) {
  std::string out;
  for (const std::string& name : nearest_names(wanted, known))
    out += (out.empty() ? "; did you mean " : " or ") + name;
  return out.empty() ? out : out + "?";
}

}  // namespace grid::dataset
