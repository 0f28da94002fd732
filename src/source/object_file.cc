#include "source/object_file.h"

#include <algorithm>

#include "base/error.h"
#include "net/md5.h"
#include "net/s3_checksum.h"

namespace grid::source {

namespace {

class ObjectFile : public SourceFile {
 public:
  ObjectFile(const net::S3Bucket& bucket, std::string key, net::S3ObjectState object,
             const FileState& state, ByteRange range)
      : bucket_(bucket),
        key_(std::move(key)),
        object_(std::move(object)),
        state_(state),
        size_(range.end - range.begin),
        at_(range.begin),
        end_(range.end) {
    if (is_whole() && !net::md5_in_etag(object_.etag).empty()) md5_.emplace();
    if (at_ < end_) exchange_ = bucket_.start_part(key_, object_, at_, end_ - at_);
  }

  std::size_t read(MutableBytesView out) override {
    out = out.first(std::min<std::uint64_t>(out.size(), end_ - at_));
    if (out.empty()) return 0;
    std::size_t got = exchange_ ? read_line(out) : 0;
    if (got == 0) {
      bucket_.read_part(key_, object_, at_, out);
      got = out.size();
    }
    at_ += got;
    if (md5_) md5_->update(out.first(got));
    if (checksum_) checksum_->update(out.first(got));
    if (at_ == end_) check();
    return got;
  }

  FileState state() const override { return state_; }
  bool executable() const override { return false; }
  bool settled() override { return true; }  // the ETag identifies what was read
  std::optional<std::uint64_t> size() const override { return size_; }
  std::string name() const override { return bucket_.url_of(key_); }

 private:
  bool is_whole() const { return size_ == object_.size; }

  void check() {
    if (checksum_)
      if (const std::string why = checksum_->why_wrong(); !why.empty())
        fail(ErrorKind::corrupt,
             "cannot read {}: it arrived damaged: {}; try again, and over https", name(), why);
    if (md5_) bucket_.check_md5(key_, object_, md5_->finish_hex());
  }

  std::size_t read_line(MutableBytesView out) {
    if (!net::is_part_of(exchange_->head(), object_)) {
      exchange_.reset();  // read_part() reports what is wrong, if anything is
      return 0;
    }
    if (at_ == 0 && is_whole()) checksum_ = net::S3Checksum::find(exchange_->head().headers);
    const std::size_t got = exchange_->read(out);
    if (got == 0) exchange_.reset();  // the connection broke: there are bytes left
    return got;
  }

  const net::S3Bucket& bucket_;
  const std::string key_;
  const net::S3ObjectState object_;
  const FileState state_;
  const std::uint64_t size_;
  std::uint64_t at_;
  const std::uint64_t end_;
  std::unique_ptr<net::HttpExchange> exchange_;
  std::optional<net::Md5> md5_;                // of a whole object whose ETag may be its MD5
  std::unique_ptr<net::S3Checksum> checksum_;  // of a whole object; null: the server tells none
};

}  // namespace

std::unique_ptr<SourceFile> open_object(const net::S3Bucket& bucket, std::string key,
                                        net::S3ObjectState object, const FileState& state,
                                        ByteRange range) {
  return std::make_unique<ObjectFile>(bucket, std::move(key), std::move(object), state, range);
}

}  // namespace grid::source
