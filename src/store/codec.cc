// Level 1: on the benchmark's CSV it packs better than level 3 and more than twice as fast
// (bench/README.md), and a store's speed is bound by compression before anything else.
//
// Most training data (JPEG, PNG, compressed shards) does not compress at all, and finding that
// out by compressing it costs as much as hashing it. So a large piece is first judged by a sample
// from its middle: if the sample does not shrink, the whole is taken not to.

#include "store/codec.h"

#include <zstd.h>

#include <new>

namespace grid::store {

static constexpr int level = 1;
static constexpr std::size_t sample_size = 8 << 10;        // bytes
static constexpr std::size_t sampled_size_min = 64 << 10;  // smaller pieces are just tried

struct Compressor::Context {
  Context() : zstd(ZSTD_createCCtx()) {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~Context() { ZSTD_freeCCtx(zstd); }

  bool compress(BytesView data, Bytes& out) const {
    out.resize(ZSTD_compressBound(data.size()));
    std::size_t size =
        ZSTD_compressCCtx(zstd, out.data(), out.size(), data.data(), data.size(), level);
    if (ZSTD_isError(size) || size > data.size() - data.size() / 16) return false;
    out.resize(size);
    return true;
  }

  ZSTD_CCtx* zstd;
};

Compressor::Compressor() : context_(std::make_unique<Context>()) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;

bool Compressor::compress(BytesView data, Bytes& out) {
  if (data.size() >= sampled_size_min) {
    BytesView middle = data.subspan((data.size() - sample_size) / 2, sample_size);
    BytesView front = data.first(sample_size);
    if (!context_->compress(middle, out) && !context_->compress(front, out)) return false;
  }
  return context_->compress(data, out);
}

bool decompress(BytesView data, MutableBytesView out) {
  thread_local std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                            ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  std::size_t size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), data.data(), data.size());
  return !ZSTD_isError(size) && size == out.size();
}

}  // namespace grid::store
