// The current user, machine and time, for records.
#pragma once

#include <string>

namespace grid {

std::string host_name();
std::string user_at_host();  // "ann@box"; a number instead of a missing name
std::string utc_now();       // see format_rfc3339()

}  // namespace grid
