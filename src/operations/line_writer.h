#pragma once
// Writes lines to a descriptor on a thread of its own, so that whoever has a line to write never waits for whoever
// reads it: a log driver that is stuck, a full disk. Lines wait in memory up to a bound; past it they are dropped and
// counted.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace herald::operations {

// Thread-safe.
class LineWriter {
 public:
  // `report` makes the line that says how many lines were dropped, once some can be written again. It is called on the
  // writing thread, not after the LineWriter has ended. The descriptor is duplicated: the caller may close its own.
  LineWriter(int descriptor, std::size_t waiting_max_bytes, std::function<std::string(std::uint64_t dropped)> report);
  // Waits kPatience at most for what still waits; a thread that is stuck in a write is left behind.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  static constexpr std::chrono::milliseconds kPatience{1'000};

  // `line` is written with one call, with a line end. False: dropped and counted. A line that the descriptor refuses,
  // such as for want of space, is lost.
  bool write(std::string line);
  // Waits until everything given so far is written; false if that took longer than `patience`.
  bool flush(std::chrono::milliseconds patience);
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // also the thread's, which may outlive this
};

}  // namespace herald::operations
