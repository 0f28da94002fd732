// Starting a thread, which the system may refuse.
#pragma once

#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"

namespace grid {

// Throws `unavailable`, with a sentence, if the system allows no more threads.
template <class Thread = std::thread, class Work>
Thread start_thread(Work work) {
  try {
    return Thread(std::move(work));
  } catch (const std::system_error& error) {  // the standard library's, without a noun
    throw system_error(error.code().value(),
                       "cannot start a thread, perhaps because of the limit of processes (ulimit "
                       "-u)");
  }
}

}  // namespace grid
