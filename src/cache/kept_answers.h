// The last answers of a remote store about small things: objects, which never change and are not
// requested again, and what can change, which is used only while the store cannot be reached, or,
// if its user allows, for a short time.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "base/bytes.h"

namespace grid::cache {

struct KeptAnswersOptions {
  // Whether an object's bytes are what its key promises. For a listing, `key` is its prefix, which
  // ends in '/', and the bytes are its names, each with a newline. Unset: all are.
  std::function<bool(std::string_view key, BytesView bytes)> is_understood{};
  // Is told once, in a sentence, when kept answers are used because the store cannot be reached.
  std::function<void(std::string_view sentence)> warn{};
  // How long it holds that there is no object at a key: it is not asked for again then, unless
  // forget_absence() was called. Unset: not at all.
  std::function<std::chrono::seconds(std::string_view key)> absence_holds{};
  // Why the store could not be reached just now; empty if it could, or was not asked.
  std::string unreachable_because{};
};

// Nothing is kept that was not understood: what is not is asked for once more, and given to the
// caller as it then is. Thread-safe. Works without a folder that cannot be written.
class KeptAnswers {
 public:
  KeptAnswers(std::shared_ptr<backend::Backend> remote, std::filesystem::path folder,
              KeptAnswersOptions options = {});

  // The object at `key`: the kept one, or else what the store finds. What is not understood is not
  // kept, and returned only if the store gives it twice.
  std::optional<Bytes> object(std::string_view key) const;
  // Keeps an object that the store has.
  void keep(std::string_view key, BytesView bytes) const;
  // Before and after an object is made, by this process.
  void forget_absence(std::string_view key) const;
  // The store's listing; the last one if the store cannot be reached. Stores lose no names: a
  // listing without some of those that were kept is asked for once more.
  std::vector<std::string> listing(std::string_view prefix) const;
  // The same for Backend::list_below(). Throws `unavailable` at once if the store could not be
  // reached just now and nothing is kept.
  std::vector<backend::ObjectEntry> objects_below(std::string_view prefix) const;

 private:
  using Names = std::vector<std::string>;
  // A sorted list that `ask` gets from a store, kept as `kind`.
  Names names(std::string_view kind, std::string_view prefix,
              const std::function<Names(const backend::Backend&)>& ask) const;
  std::optional<Names> find_kept_names(std::string_view kind, std::string_view prefix) const;
  // A listing that was never asked for, from one of all objects that has it.
  std::optional<Names> find_names_in_lists(std::string_view prefix) const;
  std::optional<Names> find_lines_in_lists(std::string_view prefix) const;
  template <class Answer>
  Answer asked(const std::function<Answer(const backend::Backend&)>& ask,
               const std::function<void(const Answer&)>& keep,
               const std::function<std::optional<Answer>()>& kept,
               const std::filesystem::path& kept_at) const;
  bool is_unreachable() const;
  bool is_understood(std::string_view key, BytesView bytes) const;
  void note_unreachable(std::string_view why, const std::filesystem::path& kept_at) const;
  void forget_absences(std::string_view kind, std::string_view prefix, const Names& names) const;
  std::optional<std::filesystem::path> find_absence(std::string_view key) const;
  bool holds_still(std::string_view key, const std::filesystem::path& absence) const;
  std::filesystem::path path_of(std::string_view kind, std::string_view key) const;
  std::optional<Bytes> load(const std::filesystem::path& path) const;
  void save(const std::filesystem::path& path, BytesView bytes) const;

  const std::shared_ptr<backend::Backend> remote_, hasty_;
  const std::filesystem::path folder_;
  const KeptAnswersOptions options_;

  // Until then, a kept answer is used without asking: every request to a store that cannot be
  // reached takes long to fail.
  mutable std::mutex mutex_;
  mutable std::chrono::steady_clock::time_point unreachable_until_{};  // guarded by mutex_
  mutable std::string unreachable_because_;                            // guarded by mutex_
  mutable bool warned_ = false;                                        // guarded by mutex_
};

}  // namespace grid::cache
