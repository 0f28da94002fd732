#include "server/api.h"
#include "server/served_file.h"
#include "service/run_artifacts.h"
#include "service/run_logs.h"
#include "service/run_readings.h"
#include "service/run_stops.h"
#include "service/runs.h"
#include "service/sessions.h"

namespace grid::server {

namespace {

constexpr std::uint64_t runs_page_max = 10'000;

template <class Result>
Response run_document(const Result& result) {
  return json_response([&](service::JsonWriter& json) { service::write_document(json, result); });
}

// Runs tell of all datastores that they used, and print what they like.
void require_all_datastores(const Call& call) {
  if (!call.caller.datastores.empty())
    fail(ErrorKind::permission_denied,
         "a token that is limited to some datastores does not see runs");
}

Response list_runs(const Api& api, const Call& call) {
  require_all_datastores(call);
  return run_document(
      service::newest_runs(api.settings(), call.number("count", 100, 1, runs_page_max)));
}

Response show_one_run(const Api& api, const Call& call) {
  require_all_datastores(call);
  return run_document(service::show_run(api.settings(), call.part("run")));
}

Response explain_run(const Api& api, const Call& call) {
  require_all_datastores(call);
  return run_document(
      service::ExplainedRun{service::show_run(api.settings(), call.part("run")).run.record});
}

Response list_run_artifacts(const Api& api, const Call& call) {
  require_all_datastores(call);
  return run_document(service::list_artifacts(api.settings(), call.part("run")));
}

// What the run has printed up to now. The header says where to go on.
Response read_run_log(const Api& api, const Call& call) {
  require_all_datastores(call);
  constexpr std::size_t size_max = 1 << 20;
  const std::uint64_t offset = call.number("offset", 0, 0, INT64_MAX);
  service::RunLog log(api.settings(), call.part("run"), offset);
  Response response;
  for (BytesView piece; response.body.size() < size_max && !(piece = log.read_next()).empty();)
    response.body += as_text(piece);
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("Grid-Next-Offset", std::to_string(offset + response.body.size()));
  return response;
}

// Gives what a run prints until it is over.
class LogSource : public BodySource {
 public:
  explicit LogSource(service::RunLog log) : log_(std::move(log)) {}

  std::chrono::milliseconds pause() override {
    constexpr std::chrono::milliseconds between_looks{500};
    for (int look = 0; look < 2; ++look) {
      piece_ = log_.read_next();
      if (!piece_.empty() || log_.is_at_end()) return std::chrono::milliseconds(0);
    }
    return between_looks;
  }
  BytesView next(std::size_t) override { return std::exchange(piece_, {}); }

 private:
  service::RunLog log_;
  BytesView piece_;
};

Response follow_run_log(const Api& api, const Call& call) {
  require_all_datastores(call);
  Response response;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Accel-Buffering", "no");  // nginx would keep lines back
  service::RunLog log(api.settings(), call.part("run"), call.number("offset", 0, 0, INT64_MAX));
  if (call.request.method != "HEAD") response.source = std::make_unique<LogSource>(std::move(log));
  return response;
}

Response read_artifact(const Api& api, const Call& call) {
  require_all_datastores(call);
  const auto artifact = std::make_shared<service::OpenArtifact>(
      service::open_artifact(api.settings(), call.part("run"), call.part("path")));
  return file_response(
      {.path = artifact->path,
       .size = artifact->size,
       .etag = fmt::format("\"{}-{}-{}\"", artifact->inode, artifact->mtime_ns, artifact->size),
       .read =
           [artifact](std::uint64_t offset, std::size_t size, Bytes& scratch) {
             scratch.resize(
                 std::min<std::uint64_t>(size, artifact->size - std::min(offset, artifact->size)));
             const std::size_t got = read_at(artifact->file.get(), scratch, offset, artifact->path);
             return BytesView(scratch).first(got);
           }},
      call);
}

Response stop_one_run(const Api& api, const Call& call) {
  require_all_datastores(call);
  const std::atomic<bool> at_once = true;  // asks the run to end, and does not wait until it has
  return run_document(
      service::stop_run(api.settings(), call.part("run"),
                        {.patience = std::chrono::seconds(10), .on_kill = {}, .stop = &at_once}));
}

Response list_sessions(const Api& api, const Call& call) {
  require_all_datastores(call);
  return run_document(service::live_sessions(api.settings()));
}

}  // namespace

std::vector<Route> run_routes() {
  return {
      {"GET",
       "/api/v1/runs",
       Needs::reader,
       "List the runs of this machine, newest first",
       {{"count", "integer", "at most so many: 100 if it is missing"}},
       list_runs},
      {"GET", "/api/v1/runs/{run}", Needs::reader, "Show a run", {}, show_one_run},
      {"GET",
       "/api/v1/runs/{run}/log",
       Needs::reader,
       "Read what a run has printed, at most 1 MiB; Grid-Next-Offset says where to go on",
       {{"offset", "integer", "of the first byte"}},
       read_run_log},
      {"GET",
       "/api/v1/runs/{run}/log/follow",
       Needs::reader,
       "Read what a run prints until it is over",
       {{"offset", "integer", "of the first byte"}},
       follow_run_log},
      {"GET",
       "/api/v1/runs/{run}/artifacts",
       Needs::reader,
       "List the artifacts of a run",
       {},
       list_run_artifacts},
      {"GET",
       "/api/v1/runs/{run}/artifacts/{path...}",
       Needs::reader,
       "Read an artifact of a run, or ranges of it",
       {{"download", "string", "present: as an attachment, whatever its type"}},
       read_artifact},
      {"GET",
       "/api/v1/runs/{run}/explain",
       Needs::reader,
       "Say where the time of a run's reading went",
       {},
       explain_run},
      {"POST", "/api/v1/runs/{run}/stop", Needs::writer, "Ask a run to end", {}, stop_one_run},
      {"GET", "/api/v1/sessions", Needs::reader, "List the live sessions", {}, list_sessions},
  };
}

}  // namespace grid::server
