#pragma once
// Where to POST for each app: the path of the URL that its first device was given, and the origin of the first of all
// these URLs. Written and read by all loops.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace herald::load {

class AppTable {
 public:
  explicit AppTable(std::uint64_t apps) : paths_(std::make_unique<std::atomic<char*>[]>(apps)), apps_(apps) {}
  ~AppTable();
  AppTable(const AppTable&) = delete;
  AppTable& operator=(const AppTable&) = delete;

  // Keeps what url_of_reply() found: the first path that is given for an app, the first origin of all.
  void set(std::uint32_t app, std::string_view url);
  // "" if there is none yet.
  [[nodiscard]] std::string_view path(std::uint32_t app) const;
  // "http://host:port"; "" before the first set().
  [[nodiscard]] std::string origin() const;

 private:
  std::unique_ptr<std::atomic<char*>[]> paths_;  // zero-terminated
  const std::uint64_t apps_;
  mutable std::mutex mutex_;
  std::string origin_;
};

// The URL, with a path, that answered a register/wa: bare, or as "url" in a JSON object. Empty: there is none.
[[nodiscard]] std::string_view url_of_reply(std::string_view reply);

}  // namespace herald::load
