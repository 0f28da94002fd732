// What a forked process does that goes on by itself.
#pragma once

#include <vector>

namespace grid::run {

// Leaves the terminal, the standard streams and every descriptor but `kept`, so that nobody waits
// for this process who does not mean it.
void leave_everything_but(const std::vector<int>& kept);

// Closes every descriptor from 3 on but `kept`.
void close_all_but(const std::vector<int>& kept);

}  // namespace grid::run
