#include "app/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace herald::app {

namespace {

std::unexpected<Failure> unusable(const std::string& path, const std::string& why) {
  return std::unexpected(Failure{ExitCode::kDataUnusable, "data folder " + path + " can't be used: " + why +
                                                              "; make it writable or choose another with --data"});
}

}  // namespace

std::expected<void, Failure> make_data_folder(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return unusable(path, error.message());
  if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (::access(path.c_str(), W_OK | X_OK) != 0) return unusable(path, std::strerror(errno));
  return {};
}

std::expected<std::unique_ptr<DataFolder>, Failure> DataFolder::open(const std::string& path) {
  if (auto made = make_data_folder(path); !made) return std::unexpected(made.error());
  const int fd = ::open((path + "/herald.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return unusable(path, std::strerror(errno));
  std::unique_ptr<DataFolder> folder(new DataFolder(fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return folder;
  return std::unexpected(Failure{ExitCode::kDataInUse, "data folder " + path +
                                                           " is in use by another herald; stop that one, or choose "
                                                           "another folder with --data"});
}

DataFolder::~DataFolder() {
  ::close(lock_fd_);
}

}  // namespace herald::app
