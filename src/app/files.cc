#include "app/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace herald::app {

namespace {

std::unexpected<Error> system_error(const std::string& file, const char* what, int error) {
  return fail(error == EEXIST ? ErrorKind::kConflict : ErrorKind::kUnavailable,
              file + " " + what + ": " + std::strerror(error));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t wrote = ::write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace

Status write_new_file(const std::string& file, std::string_view content, mode_t mode) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return system_error(file, "can't be made", errno);
  const bool written = write_all(fd, content) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (written) return {};
  ::unlink(file.c_str());
  return system_error(file, "can't be written", error);
}

Result<FileLock> FileLock::take(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error(file, "can't be opened", errno);
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  return system_error(file, "can't be locked", errno == EWOULDBLOCK ? EEXIST : errno);
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace herald::app
