// What a pipe or a device gives, once and in order.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/byte_stream.h"
#include "base/error.h"
#include "base/file.h"

namespace grid::source {

class PipedStream : public ByteStream {
 public:
  PipedStream(FileDescriptor fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  std::size_t read(MutableBytesView out) override {
    for (;;) {
      const ssize_t got = ::read(fd_.get(), out.data(), out.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) throw system_error(errno, fmt::format("cannot read {}", name_));
    }
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string name() const override { return name_; }

 private:
  const FileDescriptor fd_;
  const std::string name_;
};

}  // namespace grid::source
