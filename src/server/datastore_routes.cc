#include "base/text.h"
#include "server/api.h"
#include "service/collections.h"
#include "service/comparison_page.h"
#include "service/datastores.h"
#include "service/name_search.h"
#include "service/retention.h"
#include "service/shown_datastore.h"
#include "service/tags.h"

namespace grid::server {

namespace {

constexpr std::uint64_t page_entries_max = 10'000;

template <class Result>
Response document(const Result& result) {
  return json_response([&](service::JsonWriter& json) { service::write_document(json, result); });
}

Response list(const Api& api, const Call& call) {
  service::DatastoreList list = service::list_datastores(api.settings());
  std::erase_if(list.datastores, [&](const service::DatastoreSummary& datastore) {
    return !call.caller.may_see(datastore.name);
  });
  if (!call.caller.datastores.empty()) {  // these may be of others
    list.incomplete = {};
    list.unreadable = {};
  }
  return document(list);
}

Response show(const Api& api, const Call& call) {
  return document(
      service::show_datastore(api.settings(), *api.store(), {.name = call.part("name")}));
}

Response show_version(const Api& api, const Call& call) {
  return document(
      service::show_datastore(api.settings(), *api.store(),
                              dataset::Reference::parse(call.part("name"), call.part("version"))));
}

Response read_description(const Api& api, const Call& call) {
  return document(service::read_description(*api.store(), call.part("name")));
}

Response write_description(const Api& api, const Call& call) {
  return document(service::write_description(*api.store(), call.part("name"), call.request.body));
}

Response list_tags(const Api& api, const Call& call) {
  return document(service::list_tags(*api.store(), call.part("name")));
}

Response show_tag(const Api& api, const Call& call) {
  return document(service::show_tag(*api.store(), call.part("name"), call.part("tag")));
}

Response set_tag(const Api& api, const Call& call) {
  const auto reference = read_body(call.request.body, [&](const JsonObject& body) {
    return dataset::Reference{
        .name = call.part("name"),
        .version = static_cast<dataset::VersionNumber>(body.number("version", 1, UINT32_MAX))};
  });
  return document(service::set_tag(*api.store(), reference, call.part("tag")));
}

Response remove_tag(const Api& api, const Call& call) {
  return document(service::remove_tag(*api.store(), call.part("name"), call.part("tag")));
}

Response read_retention(const Api& api, const Call& call) {
  return document(service::read_retention(*api.store(), call.part("name")));
}

Response write_retention(const Api& api, const Call& call) {
  const auto rules = read_body(call.request.body, service::rules_of);
  return document(service::write_retention(*api.store(), call.part("name"), rules));
}

Response remove_retention(const Api& api, const Call& call) {
  return document(service::write_retention(*api.store(), call.part("name"), {}));
}

service::Tagged tagged_of(const Call& call) {
  const std::string force = call.request.query("force").value_or("false");
  if (force != "true" && force != "false")
    fail(ErrorKind::invalid_argument, "force is \"{}\"; it is true or false", to_utf8(force));
  return force == "true" ? service::Tagged::deleted_too : service::Tagged::refused;
}

Response delete_version(const Api& api, const Call& call) {
  const std::shared_ptr<dataset::OpenStore> store = api.store();
  const service::VersionSet versions = service::versions_to_delete(
      api.settings(), *store, dataset::Reference::parse(call.part("name"), call.part("version")),
      false, tagged_of(call));
  return document(service::delete_versions(*store, versions));
}

Response undelete_version(const Api& api, const Call& call) {
  return document(service::undelete_version(
      *api.store(), dataset::Reference::parse(call.part("name"), call.part("version"))));
}

std::shared_ptr<const service::Comparison> comparison_of(const Api& api, const Call& call) {
  const auto version = [&](std::string_view parameter) {
    const std::optional<std::string> number = call.request.query(parameter);
    if (!number) fail(ErrorKind::invalid_argument, "the parameter {} is missing", parameter);
    return dataset::Reference::parse(call.part("name"), *number);
  };
  return api.comparisons().compare(*api.store(), version("from"), version("to"));
}

Response compare(const Api& api, const Call& call) {
  const std::optional<std::string> name = call.request.query("change");
  std::optional<tree::ChangeKind> kind;
  if (name) kind = service::find_change_kind(*name);
  if (name && !kind)
    fail(ErrorKind::invalid_argument, "change is \"{}\"; it is added, removed, changed or renamed",
         to_utf8(*name));
  const auto comparison = comparison_of(api, call);
  if (!name && !call.request.query("count")) return document(*comparison);
  return document(service::page_of(comparison, kind, call.number("offset", 0, 0, UINT64_MAX),
                                   call.number("count", 1000, 0, page_entries_max)));
}

Response compare_folder(const Api& api, const Call& call) {
  return document(service::folder_of(
      comparison_of(api, call), service::path_in_version(call.request.query("path").value_or("")),
      call.number("offset", 0, 0, UINT64_MAX), call.number("count", 1000, 0, page_entries_max)));
}

Response delete_datastore(const Api& api, const Call& call) {
  const std::shared_ptr<dataset::OpenStore> store = api.store();
  const service::VersionSet versions = service::versions_to_delete(
      api.settings(), *store, dataset::Reference::parse(call.part("name")), true, tagged_of(call));
  return document(service::delete_versions(*store, versions));
}

service::SortKey sort_key(const std::string& text) {
  if (text == "name") return service::SortKey::name;
  if (text == "size") return service::SortKey::size;
  if (text == "time") return service::SortKey::time;
  fail(ErrorKind::invalid_argument, "sort is \"{}\"; it is name, size or time", to_utf8(text));
}

Response list_folder(const Api& api, const Call& call) {
  service::FolderPageRequest request{
      .path = service::path_in_version(call.request.query("path").value_or("")),
      .offset = call.number("offset", 0, 0, UINT64_MAX),
      .count = call.number("count", 1000, 0, page_entries_max),
      .sort = sort_key(call.request.query("sort").value_or("name")),
      .pattern = call.request.query("pattern").value_or("")};
  const std::string order = call.request.query("order").value_or("ascending");
  if (order != "ascending" && order != "descending")
    fail(ErrorKind::invalid_argument, "order is \"{}\"; it is ascending or descending",
         to_utf8(order));
  request.descending = order == "descending";
  return document(
      api.folder_pages().read(api.open_version(call.part("name"), call.part("version")), request));
}

Response search_version(const Api& api, const Call& call) {
  return document(service::search_names(
      api.open_version(call.part("name"), call.part("version")),
      {.query = call.request.query("q").value_or(""),
       .path = service::path_in_version(call.request.query("path").value_or("")),
       .token = call.request.query("token"),
       .matches_max = call.number("count", 1000, 1, page_entries_max)}));
}

}  // namespace

std::vector<Route> datastore_routes() {
  return {
      {"GET", "/api/v1/datastores", Needs::reader, "List the datastores", {}, list},
      {"GET",
       "/api/v1/datastores/{name}",
       Needs::reader,
       "Show a datastore: its versions, and what uses them",
       {},
       show},
      {"DELETE",
       "/api/v1/datastores/{name}",
       Needs::writer,
       "Delete all versions of a datastore",
       {{"force", "boolean", "true: also those that have tags"}},
       delete_datastore},
      {"GET",
       "/api/v1/datastores/{name}/description",
       Needs::reader,
       "Read the description of a datastore",
       {},
       read_description},
      {"PUT",
       "/api/v1/datastores/{name}/description",
       Needs::writer,
       "Describe a datastore: the body is the text",
       {},
       write_description},
      {"GET",
       "/api/v1/datastores/{name}/tags",
       Needs::reader,
       "List the tags of a datastore",
       {},
       list_tags},
      {"GET",
       "/api/v1/datastores/{name}/tags/{tag}",
       Needs::reader,
       "Show which version has a tag",
       {},
       show_tag},
      {"PUT",
       "/api/v1/datastores/{name}/tags/{tag}",
       Needs::writer,
       "Set a tag, or move it: the body is {\"version\"}",
       {},
       set_tag},
      {"DELETE",
       "/api/v1/datastores/{name}/tags/{tag}",
       Needs::writer,
       "Remove a tag; the version stays",
       {},
       remove_tag},
      {"GET",
       "/api/v1/datastores/{name}/retention",
       Needs::reader,
       "Show which versions of a datastore are to be kept",
       {},
       read_retention},
      {"PUT",
       "/api/v1/datastores/{name}/retention",
       Needs::writer,
       "Set which versions are to be kept: the body is {\"keep_last\", ...}",
       {},
       write_retention},
      {"DELETE",
       "/api/v1/datastores/{name}/retention",
       Needs::writer,
       "Remove the retention: every version is kept",
       {},
       remove_retention},
      {"GET",
       "/api/v1/datastores/{name}/diff",
       Needs::reader,
       "Say what differs between two versions",
       {{"from", "integer", "the older version", true},
        {"to", "integer", "the newer one", true},
        {"change", "string", "only what was added, removed, changed or renamed"},
        {"offset", "integer", "of the first change, from 0"},
        {"count", "integer", "of changes, 10000 at most: all if it is missing"}},
       compare},
      {"GET",
       "/api/v1/datastores/{name}/diff/folder",
       Needs::reader,
       "Say what differs in a folder, and how much below each of its folders",
       {{"from", "integer", "the older version", true},
        {"to", "integer", "the newer one", true},
        {"path", "string", "of the folder; the top if it is missing"},
        {"offset", "integer", "of the first change to its own entries, from 0"},
        {"count", "integer", "of these: 1000 if it is missing, 10000 at most"}},
       compare_folder},
      {"GET",
       "/api/v1/datastores/{name}/versions/{version}",
       Needs::reader,
       "Show a version",
       {},
       show_version},
      {"DELETE",
       "/api/v1/datastores/{name}/versions/{version}",
       Needs::writer,
       "Delete a version",
       {{"force", "boolean", "true: even if it has a tag"}},
       delete_version},
      {"POST",
       "/api/v1/datastores/{name}/versions/{version}/undelete",
       Needs::writer,
       "Take a deleted version back",
       {},
       undelete_version},
      {"GET",
       "/api/v1/datastores/{name}/versions/{version}/entries",
       Needs::reader,
       "List a part of a folder by position",
       {{"path", "string", "of the folder; the top if it is missing"},
        {"offset", "integer", "of the first entry, from 0"},
        {"count", "integer", "of entries: 1000 if it is missing, 10000 at most"},
        {"sort", "string", "name, size or time"},
        {"order", "string", "ascending or descending"},
        {"pattern", "string", "of names, as a shell has them: *.jpg"}},
       list_folder},
      {"GET",
       "/api/v1/datastores/{name}/versions/{version}/search",
       Needs::reader,
       "Find entries by name, a part of the version at a time",
       {{"q", "string", "a part of a name, or a pattern; with a / of the path", true},
        {"path", "string", "of the folder to search; the whole version if it is missing"},
        {"count", "integer", "of matches: 1000 if it is missing, 10000 at most"},
        {"token", "string", "of the last answer, to go on"}},
       search_version},
  };
}

}  // namespace grid::server
