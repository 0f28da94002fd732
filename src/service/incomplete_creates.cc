#include "service/incomplete_creates.h"

#include <algorithm>

#include "base/error.h"
#include "dataset/reference.h"

namespace grid::service {

namespace {

template <class Keep>
IncompleteCreates only(IncompleteCreates creates, Keep keep) {
  std::erase_if(creates, [&](const create::IncompleteCreate& create) { return !keep(create); });
  return creates;
}

void number_or_null(JsonWriter& json, std::string_view name, std::optional<std::uint64_t> number) {
  json.key(name);
  if (number)
    json.value(*number);
  else
    json.null();
}

bool reads_standard_input(const create::CreateRecord& record) {
  return std::any_of(record.words.begin(), record.words.end(), [](const std::string& word) {
    return word == "-" || (word.starts_with("--source=") && word.ends_with("=-"));
  });
}

}  // namespace

IncompleteCreates find_incomplete_creates(const Settings& settings) {
  return create::incomplete_creates(settings.create_folder);
}

IncompleteCreates of_store(IncompleteCreates creates, const dataset::OpenStore& store) {
  return only(std::move(creates), [&](const auto& create) {
    return create::is_of_store(create.record, store.marker.store_id, store.cache_key);
  });
}

IncompleteCreates of_datastore(IncompleteCreates creates, std::string_view name) {
  return only(std::move(creates), [&](const auto& create) { return create.record.name == name; });
}

create::IncompleteCreate choose_create(const IncompleteCreates& creates, const std::string& word) {
  IncompleteCreates found = only(creates, [&](const auto& c) { return c.record.id == word; });
  if (found.empty()) found = of_datastore(creates, word);
  if (found.size() == 1) return found[0];
  std::vector<std::string> ids, words;
  for (const auto& create : found) ids.push_back(create.record.id);
  if (!found.empty())
    fail(ErrorKind::invalid_argument, "{} incomplete creates are called {}: name one by its id, {}",
         found.size(), word, fmt::join(ids, ", "));
  for (const auto& create : creates)
    words.insert(words.end(), {create.record.id, create.record.name});
  std::string hint = dataset::did_you_mean(word, words);
  fail(ErrorKind::not_found, "there is no incomplete create {}{}", word,
       hint.empty() ? "; see grid datastore list --show-incomplete" : hint);
}

void check_resumable(const create::IncompleteCreate& create) {
  const create::CreateRecord& record = create.record;
  if (!create.problem.empty()) fail(ErrorKind::unsupported, "{}", create.problem);
  if (create.live)
    fail(ErrorKind::unavailable, "{} is under way: process {} works on it", record.name,
         record.pid);
  if (record.secrets_left_out)
    fail(ErrorKind::unsupported,
         "{} reads {}, whose password or signature is not kept: repeat its command with the whole "
         "URL, and it continues",
         record.name, record.source);
  if (reads_standard_input(record))
    fail(ErrorKind::unsupported,
         "{} read standard input, which has ended: repeat its command with the same stream",
         record.name);
}

IncompleteCreates creates_to_clear(const Settings& settings,
                                   const std::optional<std::string>& word) {
  IncompleteCreates creates = find_incomplete_creates(settings);
  if (!word)
    return only(std::move(creates), [](const create::IncompleteCreate& c) { return !c.live; });
  create::IncompleteCreate chosen = choose_create(creates, *word);
  if (chosen.live)
    fail(ErrorKind::unavailable, "{} is under way: process {} works on it; nothing was removed",
         chosen.record.name, chosen.record.pid);
  return {chosen};
}

ClearedCreates clear_creates(const Settings& settings, const IncompleteCreates& creates) {
  ClearedCreates cleared;
  for (const create::IncompleteCreate& create : creates) {
    try {
      if (create::remove_incomplete_create(settings.create_folder, create.record.id))
        cleared.ids.push_back(create.record.id);
    } catch (const Error& error) {  // of a newer program, for instance: the others can still go
      cleared.problems.emplace_back(error.what());
    }
  }
  return cleared;
}

void write_incomplete_array(JsonWriter& json, const IncompleteCreates& creates) {
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

void write_document(JsonWriter& json, const IncompleteCreates& creates) {
  json.begin_object().key("incomplete");
  write_incomplete_array(json, creates);
  json.end_object();
}

void write_document(JsonWriter& json, const ClearedCreates& cleared) {
  json.begin_object().key("removed").begin_array();
  for (const std::string& id : cleared.ids) json.value(id);
  json.end_array().end_object();
}

}  // namespace grid::service
