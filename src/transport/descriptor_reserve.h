#pragma once
// Keeps some file descriptors free of connections, so that the rest of the process can always open its files: the
// database, logs, the operations listener, outgoing connections. Linux: accept(2) gives the lowest number that is free.

#include <cstdint>

namespace herald::transport {

// Raises this process's soft limit on open files (RLIMIT_NOFILE) to the hard one. Answers the limit that holds then;
// where raising is refused, the one that held before.
std::uint64_t raise_descriptor_limit();

// One listener's view of the limit. Not thread-safe.
class DescriptorReserve {
 public:
  // Keeps `reserved` descriptors free, but at most half of the limit.
  explicit DescriptorReserve(std::uint64_t reserved);

  // True if the descriptor `fd`, which accept() has just given, is one of those that must stay free: every lower number
  // is in use then. Reads the limit again before it says so.
  [[nodiscard]] bool covers(int fd);
  // True for the first of a row of descriptors that covers() was true for; the row ends when covers() was false for
  // many one after another.
  [[nodiscard]] bool begins_shortage() const { return begins_; }

 private:
  void read_limit();

  const std::uint64_t reserved_;
  std::uint64_t usable_ = 0;  // numbers below this one are for connections
  bool short_ = false;
  std::uint64_t given_since_ = 0;  // descriptors for connections since the last refusal of the shortage
  bool begins_ = false;
};

}  // namespace herald::transport
