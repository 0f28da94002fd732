// Problem. Creating a record is what makes a version exist. But the answer may be lost, or the
// request may be doubled, or arrive after it was given up; and a look afterwards may get a stale
// answer, a refusal or garbage. A create must be published once, and know that it is.
//
// Idea. The record carries the identity of its create. The key of a number is the only place where
// requests of this create can have an effect, as long as it asks for no other number; objects are
// never overwritten. So it stays at one number, with the same bytes, until a valid record is read
// there. If that has this identity, the version is published, whichever request did it. If it has
// another one, no request for this number can have an effect any more, and it is safe to go on.
//
// Why it ends. A number is asked for `asks_max` times at most, and `races_max` numbers at most.
// Each request has a time limit in the backend.
#include "dataset/publish.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "dataset/datastore_keys.h"
#include "dataset/understood.h"
#include "store/layout.h"

namespace grid::dataset {

namespace {

constexpr unsigned asks_max = 5;

// The newest of the versions below `number` that have a tombstone.
std::vector<VersionNumber> listed_deleted(std::vector<VersionNumber> deleted,
                                          VersionNumber number) {
  deleted.erase(std::lower_bound(deleted.begin(), deleted.end(), number), deleted.end());
  if (deleted.size() > listed_deleted_max)
    deleted.erase(deleted.begin(), deleted.end() - listed_deleted_max);
  return deleted;
}

// The record at a key, unless it is damaged: its digest would say that the right one is wrong. What
// looks damaged may have been damaged on the way, so it is read once more.
std::optional<Bytes> find_valid(const backend::Backend& backend, const std::string& key) {
  std::optional<Bytes> record = backend.find(key);
  if (record && !is_understood(key, *record)) record = backend.find(key);
  if (record && !is_understood(key, *record)) record.reset();
  return record;
}

// A record of a newer format is another's: this create has not written it. So is one of another
// tree: an earlier attempt of this create, before its source changed, has written that.
std::optional<VersionRecord> find_own(BytesView stored, const VersionRecord& wanted) {
  try {
    VersionRecord there = decode_version_record(stored, wanted.datastore, wanted.number);
    if (there.create_id == wanted.create_id && there.root == wanted.root) return there;
  } catch (const Error& error) {  // of what is_understood() has let pass
    if (error.kind() != ErrorKind::unsupported) throw;
  }
  return std::nullopt;
}

// Of a record after `before`. None if nothing is known of that, or the sum would have no room.
std::optional<StoredSum> stored_sum_after(BytesView before, const VersionRecord& record) {
  try {
    const VersionNumber number = record.number - 1;
    const VersionRecord last = decode_version_record(before, record.datastore, number);
    const StoredSum sum = last.stored_sum.value_or(StoredSum{number, last.stored_bytes});
    if (sum.bytes <= UINT64_MAX - record.stored_bytes)
      return StoredSum{sum.from, sum.bytes + record.stored_bytes};
  } catch (const Error& error) {  // as in find_own()
    if (error.kind() != ErrorKind::unsupported) throw;
  }
  return std::nullopt;
}

// The version before, if it serves in place of a new one: see PublishAt.
std::optional<VersionRecord> find_same(const std::optional<Bytes>& before, VersionNumber number,
                                       const VersionRecord& wanted, const PublishAt& at) {
  if (!before || !at.same_serves_above || number <= *at.same_serves_above) return std::nullopt;
  try {
    VersionRecord there = decode_version_record(*before, wanted.datastore, number);
    if (there.root == wanted.root && !is_among(at.deleted, number)) return there;
  } catch (const Error& error) {  // as in find_own()
    if (error.kind() != ErrorKind::unsupported) throw;
  }
  return std::nullopt;
}

// A request that met one of these has had no effect.
bool is_refusal(ErrorKind kind) {
  return kind == ErrorKind::permission_denied || kind == ErrorKind::no_space ||
         kind == ErrorKind::invalid_argument || kind == ErrorKind::not_found;
}

// The attempts to create a record at the key of its number.
class Attempt {
 public:
  Attempt(backend::Backend& backend, const VersionRecord& record, const PublishAt& at)
      : backend_(backend),
        record_(record),
        key_(store::version_key(record.datastore, record.number)),
        text_(encode_version_record(record)),
        pause_(at.pause_first),
        lease_(at.lease) {}

  // This create's record, as it is stored; nullopt if the number is another's, whose record is then
  // before().
  std::optional<VersionRecord> run() {
    if (lease_ != nullptr) lease_->announce(key_, text_);
    const std::optional<VersionRecord> published = ask();
    if (lease_ != nullptr) lease_->settle();
    return published;
  }
  const std::optional<Bytes>& before() const { return before_; }

 private:
  std::optional<VersionRecord> ask() {
    for (unsigned ask = 1; ask <= asks_max; ++ask) {
      if (create()) return record_;
      if (const std::optional<Bytes> there = look()) {
        before_ = there;
        return find_own(*there, record_);
      }
      if (refused_for_sure() && withdraw()) std::rethrow_exception(failure_);
      if (ask < asks_max) {
        std::this_thread::sleep_for(pause_);
        pause_ *= 2;
      }
    }
    give_up();
  }
  // False if the lease was closed meanwhile, so that whoever did that creates the record; or if
  // that is not known.
  bool withdraw() {
    try {
      return lease_ == nullptr || lease_->withdraw();
    } catch (const Error&) {
      return false;
    }
  }

  bool create() {
    failure_ = nullptr;
    try {
      if (backend_.create(key_, as_bytes(text_))) return true;
      unsettled_ = true;
    } catch (const Error& error) {  // it may be stored all the same
      note(error);
      unsettled_ |= !is_refusal(error.kind());
    }
    return false;
  }

  std::optional<Bytes> look() {
    try {
      std::optional<Bytes> there = find_valid(backend_, key_);
      seen_absent_ = !there;
      return there;
    } catch (const Error& error) {  // the first error says more
      if (!failure_) note(error);
      seen_absent_ = false;
      return std::nullopt;
    }
  }

  void note(const Error& error) {
    failure_ = std::current_exception();
    kind_ = error.kind();
    why_ = error.what();
  }

  bool refused_for_sure() const { return failure_ && !unsettled_ && seen_absent_; }

  [[noreturn]] void give_up() const {
    const std::string why =
        failure_ ? why_
                 : fmt::format(
                       "{}: {} can be neither made nor read: the store says that it is "
                       "taken, and that nothing valid is there",
                       backend_.name(), key_);
    throw Error(failure_ ? kind_ : ErrorKind::unavailable,
                fmt::format("{}; it is not known whether {}:{} was published: see `grid datastore "
                            "show {}:{}` later; it is this create's if it was created {}",
                            why, record_.datastore, record_.number, record_.datastore,
                            record_.number, record_.created));
  }

  backend::Backend& backend_;
  const VersionRecord& record_;
  const std::string key_;
  const std::string text_;
  std::chrono::milliseconds pause_;
  store::Lease* const lease_;
  std::optional<Bytes> before_;
  bool unsettled_ = false;    // a request may have had an effect, or have it later
  bool seen_absent_ = false;  // at the last look
  std::exception_ptr failure_;
  ErrorKind kind_ = ErrorKind::unavailable;
  std::string why_;
};

}  // namespace

VersionRecord publish(backend::Backend& backend, VersionRecord record, const PublishAt& at) {
  if (record.create_id.empty()) record.create_id = random_hex(create_id_size);
  VersionNumber highest = at.highest_taken;
  std::optional<Bytes> before;
  if (highest > 0) before = find_valid(backend, store::version_key(record.datastore, highest));
  for (unsigned race = 0; race < races_max; ++race) {
    if (std::optional<VersionRecord> same = find_same(before, highest, record, at))
      return std::move(*same);
    if (highest == UINT32_MAX)
      fail(ErrorKind::unsupported, "{} has the highest number that a version can have, {}",
           record.datastore, highest);
    record.number = ++highest;
    record.deleted = listed_deleted(at.deleted, record.number);
    record.previous = before ? std::optional(digest_of(*before)) : std::nullopt;
    record.stored_sum = before ? stored_sum_after(*before, record) : std::nullopt;
    Attempt attempt(backend, record, at);
    if (std::optional<VersionRecord> published = attempt.run()) return std::move(*published);
    before = attempt.before();
  }
  fail(ErrorKind::unavailable,
       "{}: others have published {} versions of {} meanwhile; nothing was published: try again",
       backend.name(), races_max, record.datastore);
}

}  // namespace grid::dataset
