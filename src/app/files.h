#pragma once
// Small files as whole strings: base/file_text.h reads them.

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/file_text.h"
#include "base/result.h"

namespace herald::app {

// Makes `file` with that content and mode, synced to disk. kConflict: it exists already; kUnavailable: it can't be
// written.
[[nodiscard]] Status write_new_file(const std::string& file, std::string_view content, mode_t mode);

// Keeps a file from other processes that ask for its lock (flock, released by the kernel if the process dies) until it
// is destroyed.
class FileLock {
 public:
  // kConflict: another process holds it; kUnavailable: the file can't be opened.
  [[nodiscard]] static Result<FileLock> take(const std::string& file);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace herald::app
