// Short messages, with descriptors, between a process and one that it forked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace grid::run {

// A pair of connected sockets that keep messages apart; one end is for the other process.
struct Channel {
  FileDescriptor ours, theirs;
};
Channel make_channel();

struct Message {
  std::string text;  // empty: the other side has closed, or is gone
  std::vector<FileDescriptor> descriptors;
};

// Texts are cut off at 4 KiB; at most 8 descriptors go along. If the other side has died, nothing
// is said: its end is what will be noticed.
void send_message(const FileDescriptor& to, std::string_view text,
                  const std::vector<int>& descriptors = {});
Message receive_message(const FileDescriptor& from);

// A failure as a message: this letter, its kind and its sentence.
inline constexpr char failure_message = 'f';
void send_failure(const FileDescriptor& to, const Error& error);
// Throws the failure that a message carries, if it does.
void check_failure(const Message& message);

}  // namespace grid::run
