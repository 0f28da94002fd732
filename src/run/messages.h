// Short messages, with descriptors, between a process and its forked child.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace grid::run {

// A pair of connected sockets that keep message boundaries; one end is for the other process.
struct Channel {
  FileDescriptor ours, theirs;
};
Channel make_channel();

struct Message {
  std::string text;  // empty: the other side has closed its end or died
  std::vector<FileDescriptor> descriptors;
};

// Cuts the text off at 4 KiB; takes at most 8 descriptors. Does not fail if the other side has
// died: the sender notices that when it next receives.
void send_message(const FileDescriptor& to, std::string_view text,
                  const std::vector<int>& descriptors = {});
Message receive_message(const FileDescriptor& from);

// A failure as a message: this letter, the error's kind and its sentence.
inline constexpr char failure_message = 'f';
void send_failure(const FileDescriptor& to, const Error& error);
// Throws the failure that a message carries, if any.
void check_failure(const Message& message);

}  // namespace grid::run
