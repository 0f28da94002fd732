// Long work that clients ask the server to do, and its progress.
#include "base/text.h"
#include "run/runs.h"
#include "server/api.h"
#include "service/server_jobs.h"

namespace grid::server {

namespace {

Response job_document(const service::ShownJob& job) {
  return json_response([&](service::JsonWriter& json) { service::write_document(json, job); });
}

// A job is seen by whom may see its datastore.
bool may_see_job(const Caller& caller, const service::ShownJob& job) {
  return caller.datastores.empty() || (!job.name.empty() && caller.may_see(job.name));
}

void require_job(const Api& api, const Call& call) {
  const service::ShownJob job = api.jobs().show(call.part("job"));
  if (!may_see_job(call.caller, job))
    fail(ErrorKind::not_found, "there is no job {}", to_utf8(call.part("job")));
}

Response list_jobs(const Api& api, const Call& call) {
  service::JobList list = api.jobs().list();
  std::erase_if(list.jobs,
                [&](const service::ShownJob& job) { return !may_see_job(call.caller, job); });
  return json_response([&](service::JsonWriter& json) { service::write_document(json, list); });
}

Response show_job(const Api& api, const Call& call) {
  require_job(api, call);
  return job_document(api.jobs().show(call.part("job")));
}

Response stop_job(const Api& api, const Call& call) {
  require_job(api, call);
  return job_document(api.jobs().stop(call.part("job")));
}

Response start_job(const Api& api, service::JobRequest request) {
  const service::ShownJob job = api.jobs().start(std::move(request));
  Response response = job_document(job);
  response.status = 202;
  response.headers.add("Location", "/api/v1/jobs/" + job.id);
  return response;
}

void require_whole_store(const Call& call, std::string_view otherwise) {
  if (!call.caller.datastores.empty()) fail(ErrorKind::permission_denied, "{}", otherwise);
}

Response create_version(const Api& api, const Call& call) {
  service::FetchRequest request = read_body(call.request.body, [](const JsonObject& body) {
    return service::FetchRequest{
        .source = body.text("source"),
        .message = body.find_text("message").value_or(""),
        .extract = body.find_truth("extract"),
        .in_place = body.find_truth("in_place").value_or(false),
        .force = body.find_truth("force").value_or(false),
        .exclude = body.find_texts("exclude").value_or(std::vector<std::string>{})};
  });
  if (request.source.starts_with(run::artifacts_scheme))  // what runs write is on this machine
    require_whole_store(call, "a token that is limited to some datastores sees no runs");
  else if (api.options().fetch == FetchPolicy::off)
    fail(ErrorKind::permission_denied,
         "this server reads no URLs and buckets for others: grid serve --allow-fetch lets it");
  request.name = call.part("name");
  request.program = api.options().program;
  request.public_addresses_only = api.options().fetch == FetchPolicy::internet;
  return start_job(api, service::fetch_job(api.settings(), request));
}

Response verify_datastore(const Api& api, const Call& call) {
  const auto version = call.request.query("version");
  const std::shared_ptr<dataset::OpenStore> store = api.store();
  const dataset::Reference reference = version
                                           ? dataset::Reference::parse(call.part("name"), *version)
                                           : dataset::Reference::parse(call.part("name"));
  store->datastores->resolve(reference);  // throws if there is none
  return start_job(api, service::verify_job(store, reference.name, {reference}));
}

Response verify_store(const Api& api, const Call& call) {
  require_whole_store(call, "a token that is limited to some datastores checks those, one by one");
  return start_job(api, service::verify_job(api.store(), "", {}));
}

Response collect_store(const Api& api, const Call& call) {
  if (!call.caller.datastores.empty())
    fail(ErrorKind::permission_denied,
         "a token that is limited to some datastores may not free the space of all");
  service::CollectionRequest request;
  if (!call.request.body.empty())
    request = read_body(call.request.body, [](const JsonObject& body) {
      return service::CollectionRequest{
          .applies_retention = body.find_truth("apply_retention").value_or(false),
          .is_dry = body.find_truth("dry_run").value_or(false)};
    });
  api.store();  // throws if there is none yet
  return start_job(api, service::collect_job(api.settings(), request));
}

}  // namespace

std::vector<Route> job_routes() {
  return {
      {"GET", "/api/v1/jobs", Needs::reader, "List the jobs of this server", {}, list_jobs},
      {"GET", "/api/v1/jobs/{job}", Needs::reader, "Show a job and its progress", {}, show_job},
      {"POST", "/api/v1/jobs/{job}/stop", Needs::writer, "Ask a job to end", {}, stop_job},
      {"POST",
       "/api/v1/datastores/{name}/versions",
       Needs::writer,
       "Make the next version from a URL, a bucket or what a run wrote, as a job: the body is "
       "{\"source\", ...}",
       {},
       create_version},
      {"POST",
       "/api/v1/datastores/{name}/verify",
       Needs::writer,
       "Check all versions of a datastore or one, as a job",
       {{"version", "string", "a number, latest or @TAG; all if it is missing"}},
       verify_datastore},
      {"POST",
       "/api/v1/store/verify",
       Needs::writer,
       "Check all versions, as a job",
       {},
       verify_store},
      {"POST",
       "/api/v1/store/gc",
       Needs::admin,
       "Free the space that no version needs, as a job: the body, if any, is {\"dry_run\", ...}",
       {},
       collect_store},
  };
}

}  // namespace grid::server
