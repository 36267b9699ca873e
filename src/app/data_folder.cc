#include "app/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace herald::app {

namespace {

std::unexpected<Failure> unusable(const std::string& path, const std::string& why) {
  return std::unexpected(Failure{ExitCode::kDataUnusable, "data folder " + path + " can't be used: " + why +
                                                              "; make it writable or choose another with --data"});
}

// For people: a full disk is no reason not to start.
void write_process_id(int fd) {
  const std::string id = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) == 0 && ::pwrite(fd, id.data(), id.size(), 0) < 0) return;
}

// " (process 123)", or nothing if the file does not say.
std::string process_id_in(int fd) {
  char text[16] = {};
  const ssize_t size = ::pread(fd, text, sizeof text, 0);
  const std::string_view id(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t digits = std::min(id.find_first_not_of("0123456789"), id.size());
  return digits == 0 ? "" : " (process " + std::string(id.substr(0, digits)) + ")";
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
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    write_process_id(fd);
    return folder;
  }
  return std::unexpected(Failure{ExitCode::kDataInUse, "data folder " + path + " is in use by another herald" +
                                                           process_id_in(fd) +
                                                           "; stop that one, or choose another folder with --data"});
}

DataFolder::~DataFolder() {
  ::close(lock_fd_);
}

}  // namespace herald::app
