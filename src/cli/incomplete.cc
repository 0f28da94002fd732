#include "cli/incomplete.h"

#include <algorithm>

#include "base/error.h"
#include "cli/suggest.h"
#include "cli/table.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

template <class Keep>
IncompleteCreates only(IncompleteCreates creates, Keep keep) {
  std::erase_if(creates, [&](const create::IncompleteCreate& create) { return !keep(create); });
  return creates;
}

void number_or_null(service::JsonWriter& json, std::string_view name,
                    std::optional<std::uint64_t> number) {
  json.key(name);
  if (number)
    json.value(*number);
  else
    json.null();
}

}  // namespace

IncompleteCreates find_incomplete(const Context& context) {
  return create::incomplete_creates(context.settings.create_folder);
}

IncompleteCreates of_store(IncompleteCreates creates, std::string_view store_id) {
  return only(std::move(creates),
              [&](const auto& create) { return create.record.store_id == store_id; });
}

IncompleteCreates of_datastore(IncompleteCreates creates, std::string_view name) {
  return only(std::move(creates), [&](const auto& create) { return create.record.name == name; });
}

create::IncompleteCreate choose(const IncompleteCreates& creates, const std::string& word) {
  IncompleteCreates found = only(creates, [&](const auto& c) { return c.record.id == word; });
  if (found.empty()) found = of_datastore(creates, word);
  if (found.size() == 1) return found[0];
  std::vector<std::string> ids, words;
  for (const auto& create : found) ids.push_back(create.record.id);
  if (!found.empty())
    fail(ErrorKind::invalid_argument, "{} incomplete creates are called {}: name one of {}",
         found.size(), word, fmt::join(ids, ", "));
  for (const auto& create : creates)
    words.insert(words.end(), {create.record.id, create.record.name});
  std::string hint = did_you_mean(word, words);
  fail(ErrorKind::not_found, "there is no incomplete create {}{}", word,
       hint.empty() ? "; see grid datastore list --show-incomplete" : hint);
}

std::string format_done(const create::CreateCounts& counts) {
  if (!counts.bytes_total) return format_size(counts.bytes_done);
  double fraction = *counts.bytes_total == 0 ? 0
                                             : static_cast<double>(counts.bytes_done) /
                                                   static_cast<double>(*counts.bytes_total);
  return fmt::format("{:.0f} % of {}", 100 * std::min(fraction, 1.0),
                     format_size(*counts.bytes_total));
}

static void write_table(Context& context, const IncompleteCreates& creates) {
  Table table;
  table.columns = {{.title = "ID"},      {.title = "NAME", .may_shrink = true},
                   {.title = "STATUS"},  {.title = "DONE", .align = Align::right},
                   {.title = "STARTED"}, {.title = "SOURCE", .may_shrink = true},
                   {.title = "STORE"},   {.title = "REASON", .may_shrink = true}};
  for (const create::IncompleteCreate& create : creates) {
    const create::CreateRecord& record = create.record;
    bool here = record.store.empty() || record.store == from_root(context.settings.store);
    table.rows.push_back({record.id, record.name, std::string(name_of(create.state())),
                          create.problem.empty() ? format_done(record.counts) : "",
                          format_time(record.started), escape_controls(record.source),
                          here ? "" : escape_controls(record.store),
                          escape_controls(create.reason())});
  }
  context.output.write(table.layout(context.output.result_width()));
}

void write_incomplete_array(service::JsonWriter& json, const IncompleteCreates& creates) {
  json.begin_array();
  for (const create::IncompleteCreate& create : creates) {
    const create::CreateRecord& record = create.record;
    json.begin_object().member("id", record.id).member("name", record.name);
    json.name_member("source", record.source);
    json.member("status", name_of(create.state())).member("reason", create.reason());
    json.member("files_done", record.counts.files_done);
    json.member("bytes_done", record.counts.bytes_done);
    number_or_null(json, "files_total", record.counts.files_total);
    number_or_null(json, "bytes_total", record.counts.bytes_total);
    json.member("started", record.started).member("updated", record.updated);
    json.name_member("store", record.store).name_member("folder", record.folder);
    json.member("created_by", record.created_by).member("program", record.program);
    json.key("pid");
    if (create.live)
      json.value(record.pid);
    else
      json.null();
    json.end_object();
  }
  json.end_array();
}

void write_incomplete(Context& context, const IncompleteCreates& creates) {
  Output& output = context.output;
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    json.begin_object().key("incomplete");
    write_incomplete_array(json, creates);
    json.end_object();
  } else if (creates.empty()) {
    output.say("no create is incomplete");
  } else {
    write_table(context, creates);
  }
}

}  // namespace grid::cli
