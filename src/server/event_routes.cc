// What happens, as a stream that a browser's EventSource reads.
#include "server/api.h"

namespace grid::server {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds between_polls{250};  // of the log
constexpr milliseconds between_heartbeats{15'000};
constexpr std::size_t events_at_once = 256;

class EventSource : public BodySource {
 public:
  EventSource(const Api& api, const Request& request, const Caller& caller)
      : api_(api), caller_(caller), follower_(api.event_watch()), number_(api.events().newest()) {
    const std::string_view last = request.headers.get("Last-Event-ID");
    text_ = "retry: 2000\n";
    if (const auto number = last.empty() ? std::nullopt : api.events().parse(last))
      number_ = *number;
    else  // a new client, or one that must read everything again
      text_ += fmt::format("id: {}\nevent: {}\ndata: {{}}\n", api.events().spell(number_),
                           last.empty() ? "ready" : "reset");
    text_ += '\n';
  }

  milliseconds pause() override {
    const auto now = steady_clock::now();
    if (text_.empty()) collect();
    if (text_.empty() && now >= next_heartbeat_) text_ = ": still here\n\n";
    return text_.empty() ? between_polls : milliseconds(0);
  }

  BytesView next(std::size_t) override {
    next_heartbeat_ = steady_clock::now() + between_heartbeats;
    given_ = std::exchange(text_, {});
    return as_bytes(given_);
  }

 private:
  bool may_see(const service::Event& event) const {
    return caller_.datastores.empty() || (!event.name.empty() && caller_.may_see(event.name));
  }

  void collect() {
    for (const service::Event& event : api_.events().after(number_, events_at_once)) {
      number_ = event.number;
      if (may_see(event))
        text_ += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", api_.events().spell(number_),
                             event.kind, event.data);
    }
  }

  const Api& api_;
  const Caller caller_;
  const service::EventWatch::Follower follower_;
  std::uint64_t number_;  // of the last event that was looked at
  std::string text_, given_;
  steady_clock::time_point next_heartbeat_{};
};

Response follow_events(const Api& api, const Call& call) {
  Response response;
  response.headers.add("Content-Type", "text/event-stream");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Accel-Buffering", "no");  // nginx would keep events back
  if (call.request.method != "HEAD")
    response.source = std::make_unique<EventSource>(api, call.request, call.caller);
  return response;
}

}  // namespace

std::vector<Route> event_routes() {
  return {{"GET",
           "/api/v1/events",
           Needs::reader,
           "Follow what happens: jobs, new versions, runs, as server-sent events",
           {},
           follow_events}};
}

}  // namespace grid::server
