#include "run/process_setup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace grid::run {

void close_all_but(const std::vector<int>& kept) {
  std::vector<int> sorted = kept;
  std::sort(sorted.begin(), sorted.end());
  unsigned next = 3;
  for (int descriptor : sorted) {
    if (descriptor < 3) continue;
    const auto place = static_cast<unsigned>(descriptor);
    if (place > next) ::close_range(next, place - 1, 0);
    next = place + 1;
  }
  ::close_range(next, ~0u, 0);
}

void leave_everything_but(const std::vector<int>& kept) {
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR);
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, stream);
  close_all_but(kept);
}

}  // namespace grid::run
