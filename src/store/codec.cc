// Level 1: compression limits a store's speed before anything else does, and higher levels hardly
// compress better (bench/README.md).
//
// Most training data (JPEG, PNG, compressed shards) does not compress at all, and finding that
// out by compressing it costs as much as hashing it. So samples of a large piece are compressed
// first: if they do not shrink, the piece is taken not to shrink either. A piece that follows one
// that shrank is compressed without sampling.
//
// Text and tables of numbers need different settings. In a table most short matches are chance:
// spelling out the digits takes fewer bits than pointing at them, so a small hash table and only
// long matches compress better (29.6 against 32.0 % on the benchmark's CSV); text and code become
// an eighth larger with that (34.0 against 29.6 %). No cheap test tells them apart, so both
// settings are tried once in a while, and the better one is used until the next trial.

#include "store/codec.h"

// For ZSTD_getFrameHeader().
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include <cstdint>
#include <new>

#include "base/error.h"

namespace grid::store {

static constexpr int level = 1;
static constexpr std::size_t sample_size = 8 << 10;          // bytes
static constexpr std::size_t sampled_size_min = 64 << 10;    // smaller pieces are not sampled
static constexpr unsigned trial_interval = 16;               // in large pieces that shrank
static constexpr std::uint64_t window_size_max = 256 << 20;  // bytes; of what is read

struct Compressor::Context {
  Context() : zstd(ZSTD_createCCtx()) {
    if (zstd == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level);
  }
  ~Context() { ZSTD_freeCCtx(zstd); }

  // 0 stands for the level's own value.
  void set(Setting setting) const {
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_hashLog, setting == Setting::numbers ? 10 : 0);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_minMatch, setting == Setting::numbers ? 7 : 0);
  }

  bool compress(BytesView data, Bytes& out) const {
    out.resize(ZSTD_compressBound(data.size()));
    std::size_t size = ZSTD_compress2(zstd, out.data(), out.size(), data.data(), data.size());
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
  if (data.size() < sampled_size_min) {
    context_->set(Setting::text);
    return context_->compress(data, out);
  }
  context_->set(setting_);
  if (!last_shrank_) {
    BytesView middle = data.subspan((data.size() - sample_size) / 2, sample_size);
    BytesView front = data.first(sample_size);
    if (!context_->compress(middle, out) && !context_->compress(front, out)) return false;
  }
  last_shrank_ = context_->compress(data, out);
  if (last_shrank_ && count_++ % trial_interval == 0) try_other_setting(data, out);
  return last_shrank_;
}

void Compressor::try_other_setting(BytesView data, Bytes& out) {
  const Setting other = setting_ == Setting::text ? Setting::numbers : Setting::text;
  context_->set(other);
  if (!context_->compress(data, other_) || other_.size() >= out.size()) return;
  out.swap(other_);
  setting_ = other;
}

// Whether `data` is what docs/format.md allows: one frame and nothing before or behind it. The
// library itself takes several frames, and skippable ones among them, for one piece of data. A
// frame that states its size needs no memory beyond `out`, whatever its window.
static bool is_one_frame_of(BytesView data, std::size_t size) {
  ZSTD_frameHeader header;
  return ZSTD_getFrameHeader(&header, data.data(), data.size()) == 0 &&
         header.frameType == ZSTD_frame && header.dictID == 0 && header.frameContentSize == size &&
         header.windowSize <= window_size_max &&
         ZSTD_findFrameCompressedSize(data.data(), data.size()) == data.size();
}

bool decompress(BytesView data, MutableBytesView out) {
  if (!is_one_frame_of(data, out.size())) return false;
  thread_local std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                            ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  std::size_t size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), data.data(), data.size());
  return !ZSTD_isError(size) && size == out.size();
}

struct StreamCompressor::Context {
  Context() : zstd(ZSTD_createCCtx()) {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~Context() { ZSTD_freeCCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ZSTD_CCtx* zstd;
};

StreamCompressor::StreamCompressor() : context_(std::make_unique<Context>()) {}
StreamCompressor::~StreamCompressor() = default;

BytesView StreamCompressor::add(BytesView data) { return compress(data, false); }
BytesView StreamCompressor::finish() { return compress({}, true); }

BytesView StreamCompressor::compress(BytesView data, bool last) {
  out_.resize(ZSTD_compressBound(data.size()) + ZSTD_CStreamOutSize());
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  ZSTD_outBuffer out{out_.data(), out_.size(), 0};
  for (;;) {
    const std::size_t left =
        ZSTD_compressStream2(context_->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left))
      fail(ErrorKind::no_space, "cannot compress: {}", ZSTD_getErrorName(left));
    if (last ? left == 0 : in.pos == in.size) break;
    out_.resize(out_.size() * 2);
    out.dst = out_.data();
    out.size = out_.size();
  }
  return BytesView(out_).first(out.pos);
}

}  // namespace grid::store
