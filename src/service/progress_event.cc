#include "service/progress_event.h"

namespace grid::service {

void write_progress_members(JsonWriter& json, const ProgressState& state, const Pace& pace) {
  auto known_number = [&](std::string_view name, bool known, std::uint64_t number) {
    json.key(name);
    if (known)
      json.value(number);
    else
      json.null();
  };
  json.member("phase", state.phase);
  json.member("files_done", state.files_done).member("bytes_done", state.bytes_done);
  known_number("files_total", state.total_known, state.files_total);
  known_number("bytes_total", state.total_known, state.bytes_total);
  if (state.savings) {
    json.member("bytes_unread", state.savings->unread).member("bytes_new", state.savings->fresh);
    json.member("bytes_stored", state.savings->stored);
  }
  json.member("bytes_per_second", static_cast<std::uint64_t>(pace.bytes_per_second));
  json.member("seconds", pace.elapsed.count()).key("seconds_left");
  if (pace.seconds_left)
    json.value(*pace.seconds_left);
  else
    json.null();
}

std::string progress_event(std::string_view event, std::string_view status, std::string_view doing,
                           const ProgressState& state, const Pace& pace) {
  std::string line;
  JsonWriter json([&](std::string_view text) { line += text; }, JsonWriter::Layout::one_line);
  json.begin_object().member("event", event);
  if (!status.empty()) json.member("status", status);
  json.member("doing", doing);
  write_progress_members(json, state, pace);
  json.end_object();
  return line;
}

}  // namespace grid::service
