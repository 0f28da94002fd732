#include "run/run_name.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/random.h"

namespace grid::run {

namespace {

constexpr std::size_t name_size_max = 63;

constexpr std::array<std::string_view, 72> adjectives = {
    "amber",  "ample", "apt",   "bold",   "brave",  "brief", "bright", "brisk", "calm",
    "clear",  "cool",  "crisp", "deft",   "eager",  "early", "easy",   "even",  "fair",
    "fast",   "fine",  "firm",  "fond",   "frank",  "free",  "fresh",  "full",  "glad",
    "grand",  "great", "green", "happy",  "hardy",  "keen",  "kind",   "late",  "light",
    "lively", "loyal", "lucky", "mellow", "merry",  "mild",  "neat",   "new",   "nimble",
    "noble",  "open",  "plain", "prime",  "proud",  "pure",  "quick",  "quiet", "rapid",
    "ready",  "rich",  "round", "sharp",  "silent", "smart", "snug",   "solid", "steady",
    "still",  "sunny", "sure",  "swift",  "tidy",   "true",  "vivid",  "warm",  "wise"};
constexpr std::array<std::string_view, 72> nouns = {
    "alder",  "badger", "bear",  "beaver", "birch",  "bison",  "brook", "cedar",   "cloud",
    "comet",  "crane",  "crow",  "deer",   "dove",   "dune",   "eagle", "elk",     "elm",
    "falcon", "fern",   "finch", "fjord",  "fox",    "gull",   "hare",  "hawk",    "hazel",
    "heron",  "hill",   "ibex",  "iris",   "jay",    "kite",   "lake",  "lark",    "larch",
    "linden", "lynx",   "maple", "marten", "meadow", "mole",   "moon",  "moose",   "moss",
    "newt",   "oak",    "orca",  "otter",  "owl",    "panda",  "pine",  "plover",  "pond",
    "puffin", "raven",  "reef",  "river",  "robin",  "salmon", "seal",  "sparrow", "star",
    "stork",  "swan",   "swift", "tern",   "thrush", "tiger",  "trout", "wren",    "yew"};

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

void check_run_name(std::string_view name) {
  const bool good = !name.empty() && name.size() <= name_size_max && is_letter_or_digit(name[0]) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
                    });
  if (!good)
    fail(ErrorKind::invalid_argument,
         "\"{}\" cannot name a run: a name has 1 to 63 of a-z, 0-9, '.', '_' and '-', and begins "
         "with a letter or a digit",
         name);
}

std::string random_run_name() {
  std::array<std::byte, 4> random;
  fill_random(random);
  std::uint32_t number = load<std::uint32_t>(random.data());
  const std::string_view adjective = adjectives[number % adjectives.size()];
  number /= adjectives.size();
  const std::string_view noun = nouns[number % nouns.size()];
  number /= nouns.size();
  return fmt::format("{}-{}-{:02}", adjective, noun, number % 100);
}

}  // namespace grid::run
