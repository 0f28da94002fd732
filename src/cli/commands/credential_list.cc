#include "cli/args.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"
#include "net/saved_credentials.h"
#include "service/json.h"

namespace grid::cli {

namespace {

int list(Context& context, const Arguments&) {
  Output& output = context.output;
  const std::vector<net::SavedCredential> all =
      net::SavedCredentials(context.settings.credential_folder).all();
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    json.begin_object().key("credentials").begin_array();
    for (const net::SavedCredential& credential : all) {
      json.begin_object().member("name", credential.name).member("type", "s3");
      json.member("bucket", credential.bucket).member("endpoint_url", credential.endpoint_url);
      json.member("role_arn", credential.role_arn).member("external_id", credential.external_id);
      json.member("created", credential.created).end_object();
    }
    json.end_array().end_object();
    return 0;
  }
  if (all.empty()) {
    output.say("no credentials; grid credential create --type s3 --bucket BUCKET makes one");
    return 0;
  }
  Table table{.columns = {{.title = "NAME"},
                          {.title = "TYPE"},
                          {.title = "BUCKET"},
                          {.title = "ROLE", .may_shrink = true},
                          {.title = "ENDPOINT", .may_shrink = true},
                          {.title = "CREATED"}},
              .rows = {}};
  for (const net::SavedCredential& credential : all)
    table.rows.push_back({credential.name, "s3", credential.bucket, credential.role_arn,
                          credential.endpoint_url, format_time(credential.created)});
  output.write(table.layout(output.result_width()));
  return 0;
}

int remove(Context& context, const Arguments& arguments) {
  const std::string name = arguments.get("NAME");
  if (!net::SavedCredentials(context.settings.credential_folder).remove(name))
    fail(ErrorKind::not_found, "there is no credential {}; see grid credential list", name);
  Output& output = context.output;
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    json.begin_object().member("deleted", name).end_object();
  } else {
    output.say(fmt::format("deleted {}; the role itself is still there", name));
  }
  return 0;
}

}  // namespace

Command credential_list_command() {
  return {.spec = {.path = {"credential", "list"},
                   .summary = "List the credentials of this user for private buckets",
                   .examples = {"grid credential list"}},
          .run = list};
}

Command credential_delete_command() {
  return {.spec = {.path = {"credential", "delete"},
                   .summary = "Forget a credential",
                   .positionals = {{.name = "NAME"}},
                   .examples = {"grid credential delete cat-pictures"}},
          .run = remove};
}

}  // namespace grid::cli
