#pragma once
// Who holds a lease: a random name in the data folder, so that a process that comes back after kill -9 has its lease at
// once. The file's lock keeps a second process that shares the folder from taking part in it.

#include <expected>
#include <memory>
#include <string>

#include "app/exit_code.h"
#include "base/random.h"
#include "domain/ids.h"

namespace herald::app {

// Holds the lock (flock, released by the kernel if the process dies) until it is destroyed.
class LeaseHolder {
 public:
  // `folder` exists. kServerIdTaken: another process of this folder has the id; kDataUnusable: the file can't be made.
  [[nodiscard]] static std::expected<std::unique_ptr<LeaseHolder>, Failure> open(const std::string& folder,
                                                                                 const ServerId& server,
                                                                                 RandomSource& random);
  ~LeaseHolder();
  LeaseHolder(const LeaseHolder&) = delete;
  LeaseHolder& operator=(const LeaseHolder&) = delete;

  // 32 hex digits.
  [[nodiscard]] const std::string& name() const { return name_; }

  // For a store that nobody shares.
  [[nodiscard]] static std::string random_name(RandomSource& random);

 private:
  explicit LeaseHolder(int fd) : fd_(fd) {}
  int fd_;
  std::string name_;
};

}  // namespace herald::app
