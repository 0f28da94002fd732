// How a forked process detaches from its parent.
#pragma once

#include <vector>

namespace grid::run {

// Leaves the terminal, the standard streams and every descriptor but `kept`, so that no other
// process waits for this one by accident.
void leave_everything_but(const std::vector<int>& kept);

// Closes every descriptor from 3 on except `kept`.
void close_all_but(const std::vector<int>& kept);

}  // namespace grid::run
