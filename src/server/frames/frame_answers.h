// The binary protocol of a Unix socket, without the socket: a request's bytes in, frames out.
// docs/frames.md defines the bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/wire.h"
#include "server/api.h"

namespace grid::server::frames {

// What either side sends first.
inline constexpr std::string_view greeting{"\0GRIDF1\n", 8};
inline constexpr std::size_t request_size_max = 4 << 20;      // bytes
inline constexpr std::uint64_t read_size_max = 4 << 20;       // bytes of a part that is read
inline constexpr std::uint64_t expected_size_max = 64 << 20;  // bytes of a file that are expected

enum class Operation : std::uint8_t { read = 1, expect = 2 };

enum class Code : std::uint8_t {
  content = 0,  // what was asked for
  failed = 1,   // this part; an error's kind, one byte, and its sentence follow
  larger = 2,   // this part has more than read_size_max bytes; the file's size follows
  refused = 3,  // the whole request, as `failed`; no more frames answer it
};

// Called with the frames of an answer, in order. What it throws ends the answer.
using Give = std::function<void(Code code, BytesView content)>;

// Thread-safe.
class FrameAnswers {
 public:
  explicit FrameAnswers(const Api& api) : api_(api) {}

  // Throws `corrupt` for bytes that are no request.
  void answer(BytesView request, const Give& give) const;

 private:
  struct Part {
    std::string path;
    std::uint64_t offset = 0, size = 0;
    bool is_whole() const { return offset == 0 && size == UINT64_MAX; }
  };
  static std::vector<Part> parts_of(WireReader& request);
  void read(const service::OpenVersion& version, const std::vector<Part>& parts,
            const Give& give) const;
  void read_together(const service::OpenVersion& version, const std::vector<Part>& parts,
                     const Give& give) const;
  void read_part(const service::OpenVersion& version, const Part& part, const Give& give) const;
  void expect(const service::OpenVersion& version, const std::vector<std::string>& paths,
              const Give& give) const;

  const Api& api_;
};

}  // namespace grid::server::frames
