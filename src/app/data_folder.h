#pragma once
// The data folder: made if missing, writable, and held by one herald at a time.

#include <expected>
#include <memory>
#include <string>

#include "app/exit_code.h"

namespace herald::app {

// Makes the folder if it is missing. kDataUnusable: it can't be made or written.
[[nodiscard]] std::expected<void, Failure> make_data_folder(const std::string& path);

// Holds the folder's lock (flock on herald.lock, released by the kernel if the process dies) until it is destroyed. The
// file holds the process id of who has or had it last.
class DataFolder {
 public:
  // kDataUnusable: it can't be made or written; kDataInUse: another process holds it; the message has its id.
  [[nodiscard]] static std::expected<std::unique_ptr<DataFolder>, Failure> open(const std::string& path);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

 private:
  explicit DataFolder(int lock_fd) : lock_fd_(lock_fd) {}
  int lock_fd_;
};

}  // namespace herald::app
