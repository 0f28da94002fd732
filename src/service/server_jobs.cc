#include "service/server_jobs.h"

#include "base/error.h"
#include "base/hex.h"
#include "dataset/note_text.h"
#include "net/s3_bucket.h"
#include "net/url.h"
#include "net/wait_stop.h"
#include "service/creates.h"
#include "service/run_artifacts.h"
#include "service/verification.h"
#include "source/archive_reader.h"
#include "source/url_source.h"

namespace grid::service {

namespace {

source::SourceSpec spec_of(const Settings& settings, const FetchRequest& request) {
  if (const auto artifacts = find_artifacts(settings, request.source)) {
    if (request.in_place || request.extract.value_or(false))
      fail(ErrorKind::invalid_argument,
           "extract and in_place do not go with the artifacts of a run: they are copied as they "
           "are");
    return {.where = *artifacts};
  }
  source::SourceSpec spec{.where = net::with_plain_scheme(request.source)};
  if (source::is_s3_url(spec.where)) {
    const std::string key = net::parse_s3_url(spec.where).key;
    spec.extract = request.extract.value_or(false);
    if (spec.extract && (key.empty() || key.ends_with('/')))
      fail(ErrorKind::invalid_argument,
           "extract is for one archive: name its key, as in s3://BUCKET/cats.tar.gz");
    if (spec.extract && request.in_place)
      fail(ErrorKind::invalid_argument,
           "extract does not go with in_place: an object that stays in its bucket is one file");
    return spec;
  }
  if (!source::is_url(spec.where))
    fail(ErrorKind::invalid_argument,
         "the source must be https://…, http://…, s3://BUCKET/PREFIX or grid:run:RUN: the server "
         "reads nothing else for others");
  if (request.in_place)
    fail(ErrorKind::invalid_argument, "in_place is for s3:// sources: other files are copied");
  spec.extract =
      request.extract.value_or(source::is_archive_name(source::file_name_of_url(spec.where)));
  if (!spec.extract) source::check_file_name(spec.where);
  return spec;
}

net::ServerOptions servers_for(const Settings& settings, const source::SourceSpec& spec,
                               const FetchRequest& request) {
  net::ServerOptions servers = settings.servers;
  // A bucket is looked for where the server's own settings say, and nowhere else.
  if (source::is_url(spec.where) && request.public_addresses_only) {
    servers.http.public_addresses_only = true;
    // A proxy would resolve names itself.
    servers.http.http_proxy = servers.http.https_proxy = "";
  }
  return servers;
}

// So that the same request, made again, goes on where this one broke off.
std::string identity_of(const FetchRequest& request) {
  std::string all = "server";
  for (const std::string& part :
       {net::without_secrets(request.source), std::string(request.in_place ? "in place" : ""),
        request.extract ? fmt::format("{}", *request.extract) : ""})
    all += fmt::format("\n{}:{}", part.size(), part);
  for (const std::string& pattern : request.exclude)
    all += fmt::format("\n{}:{}", pattern.size(), pattern);
  return to_hex(BytesView(digest_of(as_bytes(all)).bytes).first(16));
}

std::vector<std::string> words_of(const FetchRequest& request) {
  std::vector<std::string> words = {"datastore", "create", "--name=" + request.name};
  if (!request.message.empty()) words.push_back("--message=" + request.message);
  for (const std::string& pattern : request.exclude) words.push_back("--exclude=" + pattern);
  if (request.extract) words.emplace_back(*request.extract ? "--extract" : "--no-extract");
  if (request.in_place) words.emplace_back("--no-copy");
  if (request.force) words.emplace_back("--force");
  words.insert(words.end(), {"--", request.source});
  return words;
}

// What the create needs as long as it lasts.
struct Fetch {
  Settings settings;
  std::shared_ptr<dataset::OpenStore> store;
  std::optional<DatastoreCreate> create;
};

}  // namespace

JobRequest fetch_job(const Settings& settings, const FetchRequest& request) {
  dataset::check_datastore_name(request.name);
  CreateRequest wanted;
  const source::SourceSpec spec = spec_of(settings, request);
  wanted.options = {.input = {.sources = {spec},
                              .patterns = source::IgnorePatterns(request.exclude),
                              .servers = servers_for(settings, spec, request),
                              .in_place = request.in_place},
                    .storing = {.force = request.force},
                    .note = {.name = request.name,
                             .message = dataset::checked_note_text(request.message, "message"),
                             .program = request.program}};
  wanted.command = CreateCommand{.words = words_of(request),
                                 .folder = "/",
                                 .store = settings.store,
                                 .identity = identity_of(request)};
  return {.kind = "create",
          .name = request.name,
          .about = net::shown(net::with_plain_scheme(request.source)),
          .work = [settings, wanted](JobControl& control) -> JobResult {
            const auto waits = std::make_shared<net::WaitStop>();
            control.on_stop([waits] { waits->stop(); });
            auto fetch = std::make_shared<Fetch>();
            fetch->settings = settings;
            fetch->settings.servers.http.stop = waits;
            // A store of its own: what creates keep in memory goes when they end.
            fetch->store = open_store(fetch->settings, StoreUse::make_if_absent);
            CreateRequest now = wanted;
            now.asked = std::chrono::steady_clock::now();
            now.options.storing.stop = &control.stop();
            now.options.input.servers.http.stop = waits;
            fetch->create.emplace(fetch->settings, *fetch->store, std::move(now));
            control.report([fetch] { return fetch->create->progress(); });
            return [created = fetch->create->run()](JsonWriter& json) {
              write_document(json, created);
            };
          }};
}

JobRequest verify_job(std::shared_ptr<const dataset::OpenStore> store, std::string name,
                      std::vector<dataset::Reference> scope) {
  std::string about = name;
  if (!scope.empty() && scope[0].version) about = dataset::spell(name, *scope[0].version);
  return {.kind = "verify",
          .name = std::move(name),
          .about = std::move(about),
          .work = [store = std::move(store),
                   scope = std::move(scope)](JobControl& control) -> JobResult {
            auto progress = std::make_shared<care::VerifyProgress>();
            progress->stop = &control.stop();
            control.report([progress] {
              return ProgressState{.bytes_done = progress->bytes_done,
                                   .bytes_total = progress->bytes_total};
            });
            return [verification = verify_versions(*store, scope, *progress)](JsonWriter& json) {
              write_document(json, verification);
            };
          }};
}

JobRequest collect_job(const Settings& settings, const CollectionRequest& request) {
  return {.kind = "gc",
          .name = "",
          .about = request.is_dry ? "dry run" : "",
          .work = [settings, request](JobControl& control) -> JobResult {
            auto progress = std::make_shared<collect::CollectProgress>();
            control.report([progress] {
              return ProgressState{.phase = progress->packs_removed > 0 ? "removing" : "looking",
                                   .files_done = progress->trees_done,
                                   .bytes_done = progress->bytes_removed,
                                   .files_total = progress->trees_total};
            });
            const auto store = open_store(settings);
            CollectionRequest now = request;
            now.stop = &control.stop();
            now.asked = std::chrono::steady_clock::now();
            return [collected = collect_store(settings, *store, now, *progress)](JsonWriter& json) {
              write_document(json, collected);
            };
          }};
}

}  // namespace grid::service
