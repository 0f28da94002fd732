// Waiting that a person can end.
#pragma once

#include "run/messages.h"
#include "run/processes.h"

namespace grid::run {

// How soon a wait notices a signal. The descriptor of signals is not waited for: one that does not
// mean an end stays in it, and would end the wait again and again.
inline constexpr std::chrono::milliseconds interrupt_interval{50};

// Throws `unavailable` if a signal has asked this process to end. The signal stays to be taken.
void refuse_if_interrupted(const Processes& processes);

// The next message, as receive_message() returns it. Throws as refuse_if_interrupted() does while
// there is none.
Message await_message(Processes& processes, const FileDescriptor& from);

}  // namespace grid::run
