// Who is at work, and when: for records.
#pragma once

#include <string>

namespace grid {

std::string host_name();
std::string user_at_host();  // "ann@box"; a number for a user without a name
std::string utc_now();       // see format_rfc3339()

}  // namespace grid
