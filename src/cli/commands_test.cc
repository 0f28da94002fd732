// Rules for every command's spec, and the help and completion derived from the specs.
#include "cli/commands.h"

#include <gtest/gtest.h>

#include <set>

#include "cli/args.h"
#include "cli/candidates.h"
#include "cli/create_command.h"
#include "cli/help.h"
#include "cli/text.h"

namespace grid::cli {
namespace {

using Words = std::vector<std::string>;

TEST(Commands, HaveASummaryAndAnExample) {
  for (const Command& command : command_table().commands) {
    const CommandSpec& spec = command.spec;
    EXPECT_FALSE(spec.summary.empty());
    EXPECT_NE(spec.summary.back(), '.') << spec.summary;
    EXPECT_NE(spec.examples.empty(), !spec.hidden) << spec.path.back();
  }
}

TEST(Commands, NameNoOptionTwice) {
  for (const Command& command : command_table().commands) {
    std::set<std::string> names;
    for (const auto* list : {&command.spec.options, &global_options()})
      for (const OptionSpec& option : *list) {
        EXPECT_TRUE(names.insert(option.name).second) << option.name;
        // -h of ls is that of ls(1); --help still shows the help.
        EXPECT_TRUE(option.short_name.empty() ||
                    (option.name == "--help" && command.spec.path.back() == "ls") ||
                    names.insert(option.short_name).second)
            << option.short_name;
        EXPECT_FALSE(option.help.empty()) << option.name;
      }
  }
}

// So that a create of a URL is continued, though its signature has expired and was made again.
TEST(CreateCommand, DoesNotDependOnTheSecretsOfUrls) {
  const auto identity_of = [](const std::string& source) {
    const Invocation invocation = parse(command_table(), {"datastore", "create", source});
    return find_create_command({}, invocation.command->spec, *invocation.arguments)->identity;
  };
  const std::string once = identity_of("https://ann:a@host/x.tar?v=1&X-Amz-Signature=1");
  EXPECT_EQ(identity_of("https://ann:b@host/x.tar?v=1&X-Amz-Signature=2"), once);
  EXPECT_EQ(identity_of("https://host/x.tar?v=1"), once);
  EXPECT_NE(identity_of("https://host/x.tar?v=2&X-Amz-Signature=1"), once);
}

TEST(Help, FitsTheTerminal) {
  std::vector<Words> paths = {{}, {"datastore"}};
  for (const Command& command : command_table().commands) paths.push_back(command.spec.path);
  for (const Words& path : paths) {
    std::string text = help_text(command_table(), path, 80);
    for (std::size_t start = 0; start < text.size();) {
      std::size_t end = text.find('\n', start);
      std::string line = text.substr(start, end - start);
      EXPECT_LE(display_width(line), 80u) << line;
      start = end + 1;
    }
  }
}

TEST(Help, ShowsTheExamplesOfACommand) {
  std::string text = help_text(command_table(), {"datastore", "create"}, 80);
  EXPECT_NE(text.find("grid datastore create ./cats --name cats"), std::string::npos);
  EXPECT_NE(text.find("--exclude PATTERN"), std::string::npos);
}

TEST(Help, WrapsEachParagraphOfADescription) {
  std::string text = help_text(command_table(), {"datastore", "create"}, 80);
  EXPECT_NE(text.find("\n\nSOURCE is a folder, a file, an http:// or https:// URL, s3://BUCKET"),
            std::string::npos)
      << text;
}

NameSource toy_names() {
  return {.datastores =
              [] {
                return Words{"cats", "dogs"};
              },
          .versions_of =
              [](const std::string& name) {
                return Words{name + ":1", name + ":2"};
              },
          .tags_of =
              [](const std::string& name) {
                return Words{name + "@best", name + "@old"};
              },
          .incomplete_creates =
              [] {
                return std::vector<Candidate>{{"0a1b2c3d", "cats"}};
              },
          .runs = [] { return Words{"quiet-otter-42"}; }};
}

Words completed(const Words& words) {
  Words out;
  for (const Candidate& candidate : find_candidates(command_table(), words, toy_names()).words)
    out.push_back(candidate.word);
  return out;
}

TEST(Candidates, AreCommandsFirst) {
  EXPECT_EQ(completed({"data"}), Words{"datastore"});
  EXPECT_EQ(completed({"datastore", "de"}), (Words{"delete", "describe"}));
  EXPECT_EQ(completed({"-o", "json", "unm"}), Words{"unmount"});
  EXPECT_EQ(completed({"__"}), Words{});
}

TEST(Candidates, AreOptionsAfterADash) {
  EXPECT_EQ(completed({"datastore", "create", "x", "--exc"}), Words{"--exclude"});
  EXPECT_EQ(completed({"datastore", "ls", "-o", ""}), (Words{"json", "text"}));
}

TEST(Candidates, AreDatastoresThenTheirVersions) {
  EXPECT_EQ(completed({"datastore", "ls", ""}), (Words{"cats", "dogs"}));
  EXPECT_EQ(completed({"datastore", "show", "c"}), Words{"cats"});
  EXPECT_EQ(completed({"datastore", "show", "cats:"}), (Words{"cats:1", "cats:2"}));
  EXPECT_EQ(completed({"datastore", "show", "cats@"}), (Words{"cats@best", "cats@old"}));
  EXPECT_EQ(completed({"datastore", "show", "cats@b"}), Words{"cats@best"});
  EXPECT_EQ(completed({"datastore", "create", "x", "--name", "d"}), Words{"dogs"});
  EXPECT_EQ(completed({"datastore", "verify", "cats", "d"}), Words{"dogs"});
  EXPECT_EQ(completed({"datastore", "describe", "cats", "d"}), Words{});
}

TEST(Candidates, AreIncompleteCreates) {
  EXPECT_EQ(completed({"datastore", "resume", ""}), Words{"0a1b2c3d"});
  EXPECT_EQ(completed({"datastore", "clearcache", "0a"}), Words{"0a1b2c3d"});
}

TEST(Candidates, LeaveFilesToTheShell) {
  EXPECT_EQ(find_candidates(command_table(), {"mount", ""}, toy_names()).files, Completes::folder);
  EXPECT_EQ(find_candidates(command_table(), {"datastore", "create", ""}, toy_names()).files,
            Completes::file);
}

}  // namespace
}  // namespace grid::cli
