#pragma once
// Where to POST for each app: the path of the URL that its first device was given. Written and read by all loops.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace herald::load {

class AppTable {
 public:
  explicit AppTable(std::uint64_t apps) : paths_(std::make_unique<std::atomic<char*>[]>(apps)), apps_(apps) {}
  ~AppTable();
  AppTable(const AppTable&) = delete;
  AppTable& operator=(const AppTable&) = delete;

  // Keeps the first path that is given for an app.
  void set(std::uint32_t app, std::string_view path);
  // "" if there is none yet.
  [[nodiscard]] std::string_view path(std::uint32_t app) const;

 private:
  std::unique_ptr<std::atomic<char*>[]> paths_;  // zero-terminated
  const std::uint64_t apps_;
};

// The path of the URL that answered a register/wa: bare, or as "url" in a JSON object. Empty: there is none.
[[nodiscard]] std::string_view notify_path_of(std::string_view reply);

}  // namespace herald::load
