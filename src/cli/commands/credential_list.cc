#include "cli/args.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/credentials.h"

namespace grid::cli {

namespace {

int list(Context& context, const Arguments&) {
  Output& output = context.output;
  const service::CredentialList list = service::list_credentials(context.settings);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, list);
    return 0;
  }
  if (list.credentials.empty()) {
    output.say("no credentials; create one with: grid credential create --type s3 --bucket BUCKET");
    return 0;
  }
  Table table{.columns = {{.title = "NAME"},
                          {.title = "TYPE"},
                          {.title = "BUCKET"},
                          {.title = "ROLE", .may_shrink = true},
                          {.title = "ENDPOINT", .may_shrink = true},
                          {.title = "CREATED"}},
              .rows = {}};
  for (const net::SavedCredential& credential : list.credentials)
    table.rows.push_back({credential.name, "s3", credential.bucket, credential.role_arn,
                          credential.endpoint_url, format_time(credential.created)});
  output.write(table.layout(output.result_width()));
  return 0;
}

int remove(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const service::DeletedCredential deleted =
      service::delete_credential(context.settings, arguments.get("NAME"));
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, deleted);
  } else {
    output.say(fmt::format("deleted {}; the role itself still exists", deleted.name));
  }
  return 0;
}

}  // namespace

Command credential_list_command() {
  return {.spec = {.path = {"credential", "list"},
                   .summary = "List this user's credentials for private buckets",
                   .examples = {"grid credential list"}},
          .run = list};
}

Command credential_delete_command() {
  return {.spec = {.path = {"credential", "delete"},
                   .summary = "Delete a saved credential, but not its role",
                   .positionals = {{.name = "NAME"}},
                   .examples = {"grid credential delete cat-pictures"}},
          .run = remove};
}

}  // namespace grid::cli
