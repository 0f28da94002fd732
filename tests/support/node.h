// A machine in a temporary folder, as the functions of service see one.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "service/creates.h"
#include "service/json.h"
#include "service/settings.h"
#include "tests/support/temporary_folder.h"

namespace grid::testing {

class Node {
 public:
  Node() {
    settings_.store = folder_ / "store";
    settings_.store_was_named = true;
    settings_.cache_folder = folder_ / "cache";
    settings_.state_folder = folder_ / "state";
    settings_.attachment_folder = settings_.state_folder / "attachments";
    settings_.create_folder = settings_.state_folder / "creates";
    settings_.run_folder = settings_.state_folder / "runs";
    settings_.credential_folder = folder_ / "config/credentials";
    settings_.token_folder = folder_ / "config/tokens";
    settings_.login_folder = folder_ / "config/logins";
    settings_.servers.aws.saved_credentials = settings_.credential_folder;
  }

  service::Settings& settings() { return settings_; }
  const service::Settings& settings() const { return settings_; }
  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }

  std::shared_ptr<dataset::OpenStore> open() const {
    return service::open_store(settings_, service::StoreUse::make_if_absent);
  }

  // Of the folder `source` below this one; the command is the folder's name.
  service::CreateRequest create_request(const std::string& name, const std::string& source) const {
    service::CreateRequest request;
    request.options.input.sources = {{.where = (folder_ / source).string()}};
    request.options.storing.workers = 2;
    request.options.note = {.name = name, .program = "grid 1.2.3", .created_by = "ann@box"};
    request.command = service::CreateCommand{.words = {"datastore", "create", "--", source},
                                             .folder = folder_.path().string(),
                                             .store = settings_.store,
                                             .identity = source};
    return request;
  }

  service::CreatedVersion create(dataset::OpenStore& store, const std::string& name,
                                 const std::string& source) const {
    return service::DatastoreCreate(settings_, store, create_request(name, source)).run();
  }

 private:
  TemporaryFolder folder_;
  service::Settings settings_;
};

// What `result`'s write_document() writes.
template <class Result>
std::string document_of(const Result& result, service::JsonWriter::Layout layout =
                                                  service::JsonWriter::Layout::indented) {
  std::string text;
  service::JsonWriter json([&](std::string_view piece) { text += piece; }, layout);
  service::write_document(json, result);
  return text;
}

// The same in one line.
template <class Result>
std::string line_of(const Result& result) {
  return document_of(result, service::JsonWriter::Layout::one_line);
}

}  // namespace grid::testing
