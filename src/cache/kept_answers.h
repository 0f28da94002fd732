// What a remote store last said about small things: objects that never change, which are then not
// asked for again, and what can change, for as long as the store cannot be reached.
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

// Thread-safe. A folder that cannot be written is done without.
class KeptAnswers {
 public:
  KeptAnswers(std::shared_ptr<backend::Backend> remote, std::filesystem::path folder);

  // The object at `key`: from here, or else as the store finds it.
  std::optional<Bytes> object(std::string_view key) const;
  // What the store lists; what it last listed if it cannot be reached.
  std::vector<std::string> listing(std::string_view prefix) const;

 private:
  template <class Answer>
  Answer asked(const std::function<Answer(const backend::Backend&)>& ask,
               const std::function<void(const Answer&)>& keep,
               const std::function<std::optional<Answer>()>& kept) const;
  bool is_unreachable() const;
  std::filesystem::path path_of(std::string_view kind, std::string_view key) const;
  std::optional<Bytes> load(const std::filesystem::path& path) const;
  void save(const std::filesystem::path& path, BytesView bytes) const;

  const std::shared_ptr<backend::Backend> remote_, hasty_;
  const std::filesystem::path folder_;

  // Until then nothing is asked for which there is an answer: every question to a store that
  // cannot be reached takes its time to fail.
  mutable std::mutex mutex_;
  mutable std::chrono::steady_clock::time_point unreachable_until_{};  // guarded by mutex_
};

}  // namespace grid::cache
