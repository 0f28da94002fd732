// The current user, machine and time, for records.
#pragma once

#include <sys/types.h>

#include <string>

namespace grid {

std::string host_name();
std::string user_name(uid_t user);  // a number instead of a missing name
std::string user_at_host();         // "ann@box"; a number instead of a missing name
// What tells this machine, since it was started, from every other; empty if it does not tell.
std::string boot_id();
std::string utc_now();  // see format_rfc3339()

}  // namespace grid
