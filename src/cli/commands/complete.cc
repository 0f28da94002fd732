// Called by the scripts of `grid completion` at every press of the tab key: fast, and silent about
// errors.
#include "cli/args.h"
#include "cli/candidates.h"
#include "cli/commands.h"
#include "run/runs.h"
#include "service/incomplete_creates.h"
#include "service/tags.h"

namespace grid::cli {

namespace {

template <class List>
auto names_or_none(const List& list) -> decltype(list()) {
  try {
    return list();
  } catch (const Error&) {
    // Without a store that can be read there is nothing to offer.
    return {};
  }
}

// Writes a line that says whether to offer files or folders too, then a line for each candidate,
// with its description after a tab.
int complete(Context& context, const Arguments& arguments) {
  NameSource names{
      .datastores =
          [&] { return names_or_none([&] { return context.open_store()->datastores->names(); }); },
      .versions_of =
          [&](const std::string& name) {
            return names_or_none([&] {
              std::vector<std::string> out;
              for (dataset::VersionNumber number :
                   context.open_store()->datastores->ready_numbers(name))
                out.push_back(fmt::format("{}:{}", name, number));
              if (!out.empty()) out.push_back(name + ":latest");
              return out;
            });
          },
      .tags_of =
          [&](const std::string& name) {
            return names_or_none([&] {
              std::vector<std::string> out;
              for (const dataset::Tag& tag :
                   service::readable_tags(*context.open_store(), name).tags)
                out.push_back(fmt::format("{}@{}", name, tag.name));
              return out;
            });
          },
      .incomplete_creates =
          [&] {
            return names_or_none([&] {
              std::vector<Candidate> out;
              for (const create::IncompleteCreate& create :
                   service::find_incomplete_creates(context.settings))
                out.push_back({create.record.id, create.record.name});
              return out;
            });
          },
      .runs =
          [&] {
            return names_or_none([&] {
              std::vector<std::string> out;
              for (run::RunRecord& record : run::Runs(context.settings.run_folder).all())
                out.push_back(std::move(record.name));
              return out;
            });
          },
  };
  Candidates candidates = find_candidates(command_table(), arguments.rest(), names);
  context.output.write(candidates.files == Completes::file     ? "files\n"
                       : candidates.files == Completes::folder ? "folders\n"
                                                               : "words\n");
  for (const Candidate& candidate : candidates.words)
    context.output.write(candidate.word +
                         (candidate.description.empty() ? "" : "\t" + candidate.description) +
                         "\n");
  return 0;
}

}  // namespace

Command complete_command() {
  return {.spec = {.path = {"__complete"},
                   .summary = "List completions of the last word",
                   .positionals = {{.name = "WORD", .required = false, .repeatable = true}},
                   .raw_rest = true,
                   .hidden = true},
          .run = complete};
}

}  // namespace grid::cli
