// The checksums of their bytes that S3 servers keep with objects and send when they are asked to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "net/http.h"

namespace grid::net {

// Asks for them.
inline constexpr const char* checksum_mode_header = "x-amz-checksum-mode";

// Of one object, whose bytes come in pieces. Not thread-safe.
class S3Checksum {
 public:
  virtual ~S3Checksum() = default;

  // One that the answer's headers tell of the whole object; null if they tell none that is known.
  // That of an object that was sent in parts may be one of the parts' checksums: it is none.
  static std::unique_ptr<S3Checksum> find(const HttpHeaders& headers);

  virtual void update(BytesView data) = 0;
  // Why the bytes are not those of the object: "its CRC32 is …, not …". Empty if they are.
  std::string why_wrong();

 protected:
  virtual std::string finish_hex() = 0;

 private:
  std::string name_, wanted_;  // base64
};

}  // namespace grid::net
