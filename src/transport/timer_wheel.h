#pragma once
// A hierarchical timer wheel: six levels of 64 slots, ticks of 2^24 ns (16.8 ms). Adding and cancelling are O(1), and
// time may jump any distance at the price of the timers that it passes. No sockets, no clock. One thread.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/executor.h"
#include "base/time.h"
#include "base/timer.h"

namespace herald::transport {

class TimerWheel {
 public:
  explicit TimerWheel(MonoTime start);

  // The task becomes due at the first tick at or after `deadline`, and never before the next advance().
  TimerId add(MonoTime deadline, Task task);
  // Destroys the task; also one that is due but not taken yet. An unknown name is ignored.
  void cancel(TimerId id);
  // Makes due what has reached its tick at `now`.
  void advance(MonoTime now);
  // The next due task, in the order of their ticks; an empty one if none is due.
  [[nodiscard]] Task take_due();
  // When to call advance() again at the latest (it may then find nothing due yet); nullopt: no timers.
  [[nodiscard]] std::optional<MonoTime> next() const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr unsigned kTickShift = 24;
  static constexpr unsigned kLevelBits = 6;
  static constexpr unsigned kLevels = 6;
  static constexpr unsigned kSlots = 1U << kLevelBits;
  static constexpr std::uint32_t kDueList = kLevels * kSlots;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Node {
    Task task;
    std::uint64_t tick = 0;
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
    std::uint32_t list = kNone;  // kNone: free
    std::uint32_t generation = 1;
  };
  struct List {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };

  // The first slot that time will reach, as its list and the tick at which it does.
  struct Event {
    std::uint32_t list;
    std::uint64_t tick;
  };

  [[nodiscard]] std::optional<Event> next_event() const;
  [[nodiscard]] std::uint32_t list_for(std::uint64_t tick) const;
  std::uint32_t allocate();
  void release(std::uint32_t index);
  void link(std::uint32_t index, std::uint32_t list);
  void unlink(std::uint32_t index);
  void redistribute(std::uint32_t list);

  std::uint64_t tick_;  // everything at or before it has become due
  std::array<List, kDueList + 1> lists_{};
  std::array<std::uint64_t, kLevels> occupied_{};
  std::vector<Node> nodes_;
  std::uint32_t free_ = kNone;
  std::size_t size_ = 0;
};

}  // namespace herald::transport
