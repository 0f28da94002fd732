// The progress of long work for programs, reported now and then and at its end.
#pragma once

#include <string>
#include <string_view>

#include "service/json.h"
#include "service/pace.h"

namespace grid::service {

// A JSON object on one line, as docs/json-output.md describes it. `event` is "progress" or "end";
// `status` is the end's.
std::string progress_event(std::string_view event, std::string_view status, std::string_view doing,
                           const ProgressState& state, const Pace& pace);

// Its members from `phase` on, into an object that was begun.
void write_progress_members(JsonWriter& json, const ProgressState& state, const Pace& pace);

}  // namespace grid::service
