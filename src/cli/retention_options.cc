#include "cli/retention_options.h"

#include "cli/text.h"

namespace grid::cli {

std::vector<OptionSpec> with_retention_options(std::vector<OptionSpec> others) {
  std::vector<OptionSpec> options = {
      {.name = "--keep-last", .value = "N", .help = "keep the newest N versions"},
      {.name = "--keep-daily",
       .value = "N",
       .help = "keep the newest version of each of the last N days that have one"},
      {.name = "--keep-weekly", .value = "N", .help = "likewise for weeks"},
      {.name = "--keep-monthly", .value = "N", .help = "likewise for months"},
      {.name = "--keep-used",
       .value = "TIME",
       .help = "keep what your runs have used within TIME, as in 30d"},
      {.name = "--keep-tagged",
       .help = "keep what has a tag; it is kept in any case, so this is a rule for those who want "
               "no other"}};
  options.insert(options.end(), others.begin(), others.end());
  return options;
}

dataset::RetentionRules retention_rules_of(const Arguments& arguments) {
  const auto count = [&](const char* option) -> std::uint64_t {
    return arguments.has(option) ? parse_count(arguments.get(option), option) : 0;
  };
  dataset::RetentionRules rules{.last = count("--keep-last"),
                                .daily = count("--keep-daily"),
                                .weekly = count("--keep-weekly"),
                                .monthly = count("--keep-monthly")};
  if (arguments.has("--keep-used"))
    rules.used = parse_duration("--keep-used", arguments.get("--keep-used"));
  rules.tagged = arguments.has("--keep-tagged");
  return rules;
}

}  // namespace grid::cli
