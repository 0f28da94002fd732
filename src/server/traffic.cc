#include "server/traffic.h"

#include "service/json.h"

namespace grid::server {

using std::chrono::duration;
using std::chrono::steady_clock;

// Counts what a body gives, and logs its answer when it is over.
class Traffic::CountedSource : public BodySource {
 public:
  CountedSource(Traffic& traffic, AnsweredRequest request, std::unique_ptr<BodySource> source)
      : traffic_(traffic), request_(std::move(request)), source_(std::move(source)) {
    ++traffic_.streams_;
    request_.whole = false;
  }
  ~CountedSource() override {
    --traffic_.streams_;
    request_.elapsed += steady_clock::now() - began_;
    traffic_.log(request_);
  }

  std::chrono::milliseconds pause() override { return source_->pause(); }
  bool is_quick() override { return source_->is_quick(); }
  BytesView next(std::size_t size_max) override {
    const BytesView piece = source_->next(size_max);
    request_.sent += piece.size();
    traffic_.sent_ += piece.size();
    if (piece.empty()) request_.whole = true;
    return piece;
  }

 private:
  Traffic& traffic_;
  AnsweredRequest request_;
  const std::unique_ptr<BodySource> source_;
  const steady_clock::time_point began_ = steady_clock::now();
};

void Traffic::note(AnsweredRequest request, Response& response) {
  const double seconds = duration<double>(request.elapsed).count();
  request.status = response.status;
  received_ += request.received;
  // Others make methods up as they like; each would be kept.
  const bool is_known = !request.route.empty();
  {
    std::lock_guard lock(mutex_);
    ++requests_[{is_known ? request.method : "", request.route, response.status}];
    Latencies& latencies = latencies_[request.route];
    for (std::size_t i = 0; i < Latencies::bounds.size(); ++i)
      if (seconds <= Latencies::bounds[i]) ++latencies.below[i];
    ++latencies.count;
    latencies.seconds += seconds;
  }
  if (response.source != nullptr) {
    response.source =
        std::make_unique<CountedSource>(*this, std::move(request), std::move(response.source));
    return;
  }
  request.sent = response.body_bytes().size();
  sent_ += request.sent;
  log(request);
}

void Traffic::log(const AnsweredRequest& request) const {
  if (!log_) return;
  std::string line;
  service::JsonWriter json([&](std::string_view text) { line += text; },
                           service::JsonWriter::Layout::one_line);
  json.begin_object().member("time", request.time).member("peer", request.peer);
  json.member("token", request.token).member("method", request.method);
  json.member("path", request.path).member("route", request.route);
  json.member("status", request.status).member("received", request.received);
  json.member("sent", request.sent).member("whole", request.whole);
  json.member("seconds", duration<double>(request.elapsed).count()).end_object();
  log_(line);
}

std::string Traffic::metrics() const {
  std::string text;
  const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
    text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  };
  const auto plain = [&](std::string_view name, std::string_view type, std::string_view help,
                         std::uint64_t value) {
    head(name, type, help);
    text += fmt::format("{} {}\n", name, value);
  };
  std::lock_guard lock(mutex_);
  head("grid_http_requests_total", "counter", "Requests answered.");
  for (const auto& [key, count] : requests_)
    text += fmt::format("grid_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}\"}} {}\n",
                        std::get<0>(key), std::get<1>(key), std::get<2>(key), count);
  head("grid_http_request_seconds", "histogram", "Time until an answer began.");
  for (const auto& [route, latencies] : latencies_) {
    for (std::size_t i = 0; i < Latencies::bounds.size(); ++i)
      text += fmt::format("grid_http_request_seconds_bucket{{route=\"{}\",le=\"{}\"}} {}\n", route,
                          Latencies::bounds[i], latencies.below[i]);
    text += fmt::format(
        "grid_http_request_seconds_bucket{{route=\"{0}\",le=\"+Inf\"}} {1}\n"
        "grid_http_request_seconds_sum{{route=\"{0}\"}} {2}\n"
        "grid_http_request_seconds_count{{route=\"{0}\"}} {1}\n",
        route, latencies.count, latencies.seconds);
  }
  plain("grid_http_sent_bytes_total", "counter", "Bytes of bodies sent.", sent_);
  plain("grid_http_received_bytes_total", "counter", "Bytes of bodies received.", received_);
  plain("grid_http_streams", "gauge", "Answers that are being sent piece by piece.", streams_);
  return text;
}

}  // namespace grid::server
