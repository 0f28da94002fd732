#include "cli/args.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grid::cli {
namespace {

using Words = std::vector<std::string>;

int never_run(Context&, const Arguments&) { return 0; }

const CommandTable& table() {
  static const CommandTable toy = {
      .groups = {{.name = "datastore", .summary = "Datastores", .default_command = "list"}},
      .commands = {
          {.spec = {.path = {"datastore", "list"}}, .run = never_run},
          {.spec = {.path = {"datastore", "create"},
                    .positionals = {{.name = "SOURCE"}, {.name = "MORE", .required = false}},
                    .options = {{.name = "--name", .value = "NAME", .default_value = "cats"},
                                {.name = "--message", .short_name = "-m", .value = "TEXT"},
                                {.name = "--exclude",
                                 .short_name = "-x",
                                 .value = "GLOB",
                                 .repeatable = true},
                                {.name = "--long", .short_name = "-l"},
                                {.name = "--recursive", .short_name = "-R"}}},
           .run = never_run},
          {.spec = {.path = {"run"},
                    .positionals = {{.name = "SCRIPT"},
                                    {.name = "ARGS", .required = false, .repeatable = true}},
                    .options = {{.name = "--name", .value = "NAME"}},
                    .raw_rest = true},
           .run = never_run}}};
  return toy;
}

Invocation parsed(const Words& words) { return parse(table(), words); }

Arguments create_arguments(Words words) {
  words.insert(words.begin(), {"datastore", "create"});
  return *parsed(words).arguments;
}

std::string refusal(const Words& words) {
  try {
    parsed(words);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.what();
  }
  return "accepted";
}

TEST(Args, FindsTheCommandAndItsPositionals) {
  Invocation invocation = parsed({"datastore", "create", "./cats"});
  EXPECT_EQ(invocation.command->spec.path, (Words{"datastore", "create"}));
  EXPECT_EQ(invocation.arguments->get("SOURCE"), "./cats");
  EXPECT_FALSE(invocation.arguments->has("MORE"));
}

TEST(Args, TakesValuesInEveryFormThatGetoptDoes) {
  EXPECT_EQ(create_arguments({"s", "--message", "--x"}).get("--message"), "--x");
  EXPECT_EQ(create_arguments({"--message=a=b", "s"}).get("--message"), "a=b");
  EXPECT_EQ(create_arguments({"s", "-m", "t"}).get("--message"), "t");
  EXPECT_EQ(create_arguments({"s", "-mtext"}).get("--message"), "text");
  EXPECT_EQ(create_arguments({"s", "-lmtext"}).get("--message"), "text");
  EXPECT_TRUE(create_arguments({"s", "-lR"}).has("--recursive"));
}

TEST(Args, TellsAnEmptyValueFromNone) {
  EXPECT_EQ(create_arguments({"--message=", "s"}).find("--message"), "");
  EXPECT_EQ(create_arguments({"s"}).find("--message"), std::nullopt);
}

TEST(Args, KeepsRepeatedValuesInOrderAndPrefersTheLast) {
  Arguments arguments = create_arguments({"-x", "*.a", "s", "-x*.b", "--name", "a", "--name=b"});
  EXPECT_EQ(arguments.all("--exclude"), (Words{"*.a", "*.b"}));
  EXPECT_EQ(arguments.get("--name"), "b");
}

TEST(Args, FallsBackToTheDefault) {
  EXPECT_EQ(create_arguments({"s"}).get("--name"), "cats");
  EXPECT_FALSE(create_arguments({"s"}).has("--name"));
}

TEST(Args, TakesPositionalsAsTheyAreWritten) {
  EXPECT_EQ(create_arguments({"[a,b]"}).all("SOURCE"), Words{"[a,b]"});
  EXPECT_EQ(create_arguments({"-"}).get("SOURCE"), "-");
  EXPECT_EQ(create_arguments({"--", "-dash"}).get("SOURCE"), "-dash");
}

TEST(Args, TakesGlobalOptionsAnywhere) {
  for (const Words& words : {Words{"--store", "s", "-o", "json", "datastore", "create", "x"},
                             Words{"datastore", "--store=s", "-ojson", "create", "x"},
                             Words{"datastore", "create", "x", "--output=json", "--store", "s"}}) {
    GlobalOptions globals = parsed(words).globals;
    EXPECT_EQ(globals.store, "s");
    EXPECT_TRUE(globals.json);
  }
}

TEST(Args, RunsTheDefaultCommandOfAGroupAlone) {
  EXPECT_EQ(parsed({"datastore"}).command->spec.path.back(), "list");
  EXPECT_EQ(parsed({"datastore", "--quiet"}).command->spec.path.back(), "list");
}

TEST(Args, LeavesTheRestOfARunUntouched) {
  Invocation run = parsed({"run", "--name", "n", "main.py", "--name", "x", "--help", "--", "-o"});
  EXPECT_EQ(run.what, Invocation::What::run);
  EXPECT_EQ(run.arguments->get("--name"), "n");
  EXPECT_EQ(run.arguments->rest(), (Words{"main.py", "--name", "x", "--help", "--", "-o"}));
  EXPECT_EQ(parsed({"run", "--", "--odd", "-x"}).arguments->rest(), (Words{"--odd", "-x"}));
}

TEST(Args, ShowsTheHelpOfTheWordsBeforeIt) {
  EXPECT_EQ(parsed({"--help"}).help_path, Words{});
  EXPECT_EQ(parsed({"datastore", "-h"}).help_path, Words{"datastore"});
  EXPECT_EQ(parsed({"datastore", "create", "--help"}).help_path, (Words{"datastore", "create"}));
  EXPECT_EQ(parsed({"help", "run"}).help_path, Words{"run"});
  EXPECT_EQ(parsed({"run", "--help", "x"}).what, Invocation::What::help);
  EXPECT_EQ(parsed({}).what, Invocation::What::help);
  EXPECT_EQ(parsed({"--version"}).what, Invocation::What::version);
}

TEST(Args, SuggestsTheNearestNameForAnUnknownOne) {
  EXPECT_EQ(refusal({"datastore", "crate", "x"}),
            "grid datastore: there is no command crate; did you mean create?");
  EXPECT_EQ(refusal({"create", "x"}),
            "grid: there is no command create; did you mean grid datastore create?");
  EXPECT_EQ(refusal({"datastore", "create", "x", "--exclud=*.a"}),
            "grid datastore create: there is no option --exclud; did you mean --exclude?");
  EXPECT_EQ(refusal({"run", "--nmae", "x", "main.py"}),
            "grid run: there is no option --nmae; did you mean --name?");
}

TEST(Args, RefusesWordsThatDoNotFitTheSpec) {
  EXPECT_NE(refusal({"datastore", "create"}).find("SOURCE is missing"), std::string::npos);
  EXPECT_NE(refusal({"datastore", "create", "a", "b", "c"}).find("unexpected argument c"),
            std::string::npos);
  EXPECT_NE(refusal({"datastore", "create", "a", "--name"}).find("--name needs a value"),
            std::string::npos);
  EXPECT_NE(refusal({"datastore", "create", "a", "--long=1"}).find("--long takes no value"),
            std::string::npos);
  EXPECT_NE(refusal({"datastore", "-o", "xml"}).find("json or text"), std::string::npos);
  EXPECT_NE(refusal({"run"}).find("SCRIPT is missing"), std::string::npos);
  EXPECT_NE(refusal({"datastore", "create", "a", "-lz"}).find("no option -lz"), std::string::npos);
}

}  // namespace
}  // namespace grid::cli
