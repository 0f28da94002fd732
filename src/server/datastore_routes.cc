#include "base/text.h"
#include "server/api.h"
#include "service/comparison.h"
#include "service/datastores.h"
#include "service/shown_datastore.h"

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
  return document(service::show_datastore(
      api.settings(), *api.store(),
      dataset::Reference::parse(call.part("name") + ":" + call.part("version"))));
}

Response read_description(const Api& api, const Call& call) {
  return document(service::read_description(*api.store(), call.part("name")));
}

Response write_description(const Api& api, const Call& call) {
  return document(service::write_description(*api.store(), call.part("name"), call.request.body));
}

Response delete_version(const Api& api, const Call& call) {
  const std::shared_ptr<dataset::OpenStore> store = api.store();
  const service::VersionSet versions = service::versions_to_delete(
      api.settings(), *store,
      dataset::Reference::parse(call.part("name") + ":" + call.part("version")), false);
  service::delete_versions(*store, versions);
  return document(versions);
}

Response compare(const Api& api, const Call& call) {
  const auto version = [&](std::string_view parameter) {
    const std::optional<std::string> number = call.request.query(parameter);
    if (!number) fail(ErrorKind::invalid_argument, "the parameter {} is missing", parameter);
    return dataset::Reference::parse(call.part("name") + ":" + *number);
  };
  return document(service::compare_versions(*api.store(), version("from"), version("to")));
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
       "/api/v1/datastores/{name}/diff",
       Needs::reader,
       "Say what differs between two versions",
       {{"from", "integer", "the older version", true}, {"to", "integer", "the newer one", true}},
       compare},
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
       {},
       delete_version},
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
  };
}

}  // namespace grid::server
