#include "run/process_end.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "run/system_processes.h"

namespace grid::run {

void exit_like(const ExitStatus& end) {
  if (!end.signal) ::_exit(end.status);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_DUMPABLE, 0);  // the limit does not apply if cores are piped to a program
  raise_with_default_action(*end.signal);
  ::_exit(128 + *end.signal);
}

}  // namespace grid::run
