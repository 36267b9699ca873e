#include "app/lease_holder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/encoding.h"

namespace herald::app {

namespace {

constexpr std::size_t kNameBytes = 16;

}  // namespace

std::expected<std::unique_ptr<LeaseHolder>, Failure> LeaseHolder::open(const std::string& folder,
                                                                       const ServerId& server, RandomSource& random) {
  const std::string path = folder + "/" + server + ".holder";
  const auto unusable = [&path] {
    return std::unexpected(Failure{ExitCode::kDataUnusable, path + " can't be used: " + std::strerror(errno)});
  };
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return unusable();
  std::unique_ptr<LeaseHolder> holder(new LeaseHolder(fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return std::unexpected(Failure{ExitCode::kServerIdTaken,
                                   "server id " + server + " is held by another running herald with the data folder " +
                                       folder + "; give each process its own with --server-id and --udp-server-id"});
  }
  std::array<char, 2 * kNameBytes> kept{};
  const auto size = ::pread(fd, kept.data(), kept.size(), 0);
  holder->name_.assign(kept.data(), kept.size());
  if (size == static_cast<ssize_t>(kept.size()) && from_hex(holder->name_)) return holder;
  holder->name_ = random_name(random);
  const auto written = ::pwrite(fd, holder->name_.data(), holder->name_.size(), 0);
  if (written != static_cast<ssize_t>(holder->name_.size()) || ::fdatasync(fd) != 0) return unusable();
  return holder;
}

LeaseHolder::~LeaseHolder() {
  ::close(fd_);
}

std::string LeaseHolder::random_name(RandomSource& random) {
  std::array<std::uint8_t, kNameBytes> bytes{};
  random.fill(bytes);
  return to_hex(bytes);
}

}  // namespace herald::app
