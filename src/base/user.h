// Who is at work, and when: for records.
#pragma once

#include <string>

namespace grid {

std::string user_at_host();  // "ann@box"; a number for a user without a name
std::string utc_now();       // RFC 3339, for instance 2026-11-22T21:54:45Z

}  // namespace grid
