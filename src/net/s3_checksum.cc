#include "net/s3_checksum.h"

#include <array>
#include <functional>
#include <utility>

#include "base/hex.h"
#include "net/libcrypto.h"
#include "net/md5.h"

namespace grid::net {

namespace {

// tables[k][b]: the CRC of the byte b and k zero bytes behind it. With them, eight bytes take eight
// look-ups that do not wait for each other.
using CrcTables = std::array<std::array<std::uint64_t, 256>, 8>;

CrcTables crc_tables_of(std::uint64_t polynomial) {
  CrcTables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[k - 1][byte];
      tables[k][byte] = before >> 8 ^ tables[0][before & 0xff];
    }
  return tables;
}

// All are reflected, and begin and end inverted.
template <std::uint64_t polynomial, unsigned bits>
class CrcChecksum : public S3Checksum {
 public:
  void update(BytesView data) override {
    static const CrcTables tables = crc_tables_of(polynomial);
    std::uint64_t crc = crc_;
    for (; data.size() >= 8; data = data.subspan(8)) {
      const std::uint64_t x = crc ^ load<std::uint64_t>(data.data());
      crc = 0;
      for (std::size_t i = 0; i < 8; ++i) crc ^= tables[7 - i][x >> (8 * i) & 0xff];
    }
    for (const std::byte byte : data)
      crc = crc >> 8 ^ tables[0][(crc ^ std::to_integer<std::uint64_t>(byte)) & 0xff];
    crc_ = crc;
  }

 protected:
  std::string finish_hex() override { return fmt::format("{:0{}x}", crc_ ^ all_ones, bits / 4); }

 private:
  static constexpr std::uint64_t all_ones = ~std::uint64_t{0} >> (64 - bits);
  std::uint64_t crc_ = all_ones;
};

class Sha256Checksum : public S3Checksum {
 public:
  Sha256Checksum() : context_(libcrypto().context_new()) {
    if (context_ != nullptr) libcrypto().digest_init(context_, libcrypto().sha256(), nullptr);
  }
  ~Sha256Checksum() override { libcrypto().context_free(context_); }
  Sha256Checksum(const Sha256Checksum&) = delete;
  Sha256Checksum& operator=(const Sha256Checksum&) = delete;

  void update(BytesView data) override {
    if (context_ != nullptr) libcrypto().digest_update(context_, data.data(), data.size());
  }

 protected:
  std::string finish_hex() override {
    std::array<std::byte, 32> digest;
    unsigned size = 0;
    if (context_ == nullptr) return {};
    auto* out = reinterpret_cast<unsigned char*>(digest.data());
    if (libcrypto().digest_final(context_, out, &size) != 1) return {};
    return to_hex(digest);
  }

 private:
  EVP_MD_CTX* context_;
};

template <class Checksum>
std::unique_ptr<S3Checksum> make_checksum() {
  return std::make_unique<Checksum>();
}

struct ChecksumKind {
  const char *name, *header;
  std::unique_ptr<S3Checksum> (*make)();
};

constexpr ChecksumKind checksum_kinds[] = {
    {"CRC64NVME", "x-amz-checksum-crc64nvme", make_checksum<CrcChecksum<0x9a6c9329ac4bc9b5, 64>>},
    {"CRC32C", "x-amz-checksum-crc32c", make_checksum<CrcChecksum<0x82f63b78, 32>>},
    {"CRC32", "x-amz-checksum-crc32", make_checksum<CrcChecksum<0xedb88320, 32>>},
    {"SHA-256", "x-amz-checksum-sha256", make_checksum<Sha256Checksum>},
};

}  // namespace

std::unique_ptr<S3Checksum> S3Checksum::find(const HttpHeaders& headers) {
  if (headers.get("x-amz-checksum-type") == "COMPOSITE") return nullptr;
  for (const ChecksumKind& kind : checksum_kinds) {
    const std::string_view value = headers.get(kind.header);
    if (value.empty() || value.find('-') != value.npos) continue;  // "…-3" is one of three parts'
    std::unique_ptr<S3Checksum> checksum = kind.make();
    checksum->name_ = kind.name;
    checksum->wanted_ = value;
    return checksum;
  }
  return nullptr;
}

std::string S3Checksum::why_wrong() {
  const std::string hex = finish_hex();
  const std::string is = base64_of_hex(hex);
  if (hex.empty() || is == wanted_) return {};
  return fmt::format("its {} is {}, not {}", name_, is, wanted_);
}

}  // namespace grid::net
