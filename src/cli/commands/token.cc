#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/tokens.h"

namespace grid::cli {

namespace {

template <class Result>
void write_token_document(Output& output, const Result& result) {
  service::JsonWriter json(output.result_writer());
  service::write_document(json, result);
}

std::string spell_datastores(const service::Token& token) {
  std::string text;
  for (const std::string& pattern : token.datastores) text += (text.empty() ? "" : " ") + pattern;
  return text.empty() ? "all" : text;
}

int create_one_token(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  service::TokenRequest request{.label = arguments.find("--name").value_or(""),
                                .role = service::parse_role(arguments.get("--role")),
                                .datastores = arguments.all("--datastore"),
                                .for_s3 = arguments.has("--s3")};
  if (const auto expires = arguments.find("--expires"))
    request.lasts = parse_duration("--expires", *expires);
  const service::CreatedToken created = service::create_token(context.settings, request);
  if (output.json()) {
    write_token_document(output, created);
    return 0;
  }
  if (created.token.for_s3)
    output.write(fmt::format("aws_access_key_id = {}\naws_secret_access_key = {}\n",
                             service::s3_access_key_id(created.token), created.text));
  else
    output.write(created.text + "\n");
  output.say(fmt::format("this {} {} is shown only now; grid token revoke {} ends it",
                         service::name_of(created.token.role),
                         created.token.for_s3 ? "secret" : "token", created.token.id));
  return 0;
}

int list_all_tokens(Context& context, const Arguments&) {
  Output& output = context.output;
  const service::TokenList list = service::list_tokens(context.settings);
  if (output.json()) {
    write_token_document(output, list);
    return 0;
  }
  if (list.tokens.empty()) {
    output.say("no tokens; create one with: grid token create");
    return 0;
  }
  Table table{.columns = {{.title = "ID"},
                          {.title = "NAME", .may_shrink = true},
                          {.title = "FOR"},
                          {.title = "ROLE"},
                          {.title = "DATASTORES", .may_shrink = true},
                          {.title = "CREATED"},
                          {.title = "EXPIRES"}},
              .rows = {}};
  for (const service::Token& token : list.tokens)
    table.rows.push_back({token.id, token.label, token.for_s3 ? "S3" : "API",
                          std::string(service::name_of(token.role)), spell_datastores(token),
                          format_time(token.created),
                          token.expires ? format_time(*token.expires) : "never"});
  output.write(table.layout(output.result_width()));
  return 0;
}

int revoke_one_token(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const service::RevokedToken revoked =
      service::revoke_token(context.settings, arguments.get("ID"));
  if (output.json())
    write_token_document(output, revoked);
  else
    output.say(fmt::format("revoked {}", revoked.id));
  return 0;
}

}  // namespace

Command token_create_command() {
  return {.spec = {.path = {"token", "create"},
                   .summary = "Make a token that lets a program use grid serve",
                   .description = "The token is printed once; the server keeps a digest of it. "
                                  "With --s3 it is a key for clients of S3 instead: "
                                  "docs/s3-gateway.md.",
                   .options = {{.name = "--role",
                                .value = "ROLE",
                                .help = "reader, writer or admin",
                                .default_value = "reader"},
                               {.name = "--datastore",
                                .value = "PATTERN",
                                .help = "only datastores of this name; * stands for any characters",
                                .repeatable = true,
                                .completes = Completes::datastore},
                               {.name = "--expires",
                                .value = "TIME",
                                .help = "after so many days, hours, minutes or seconds: 30d, 12h"},
                               {.name = "--name", .value = "TEXT", .help = "what it is for"},
                               {.name = "--s3", .help = "for clients of S3: an access key"}},
                   .examples = {"grid token create --role writer --datastore 'cats*' --expires 30d",
                                "TOKEN=$(grid token create)",
                                "grid token create --s3 --datastore cats"}},
          .run = create_one_token};
}

Command token_list_command() {
  return {.spec = {.path = {"token", "list"},
                   .summary = "List the tokens of grid serve",
                   .examples = {"grid token list"}},
          .run = list_all_tokens};
}

Command token_revoke_command() {
  return {.spec = {.path = {"token", "revoke"},
                   .summary = "Revoke a token; running servers refuse it at once",
                   .positionals = {{.name = "ID"}},
                   .examples = {"grid token revoke 3f2a9c01d4e5"}},
          .run = revoke_one_token};
}

}  // namespace grid::cli
