#include "transport/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace herald::transport {

// A node lies on the level of the highest 6-bit digit in which its tick differs from the present one, in the slot of
// that digit. Every occupied slot of a level is therefore greater than the present digit of that level, and the first
// slot of the lowest occupied level is what time reaches next.

TimerWheel::TimerWheel(MonoTime start) : tick_(static_cast<std::uint64_t>(start.ns) >> kTickShift) {}

TimerId TimerWheel::add(MonoTime deadline, Task task) {
  constexpr std::uint64_t kRoundUp = (std::uint64_t{1} << kTickShift) - 1;
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(deadline.ns, 0));
  const std::uint32_t index = allocate();
  Node& node = nodes_[index];
  node.task = std::move(task);
  node.tick = std::max((ns + kRoundUp) >> kTickShift, tick_ + 1);
  link(index, list_for(node.tick));
  ++size_;
  return (std::uint64_t{node.generation} << 32) | (index + 1U);
}

void TimerWheel::cancel(TimerId id) {
  const auto index = static_cast<std::uint32_t>(id) - 1;
  if (index >= nodes_.size()) return;
  const Node& node = nodes_[index];
  if (node.generation != id >> 32 || node.list == kNone) return;
  unlink(index);
  release(index);
}

void TimerWheel::advance(MonoTime now) {
  const auto target = static_cast<std::uint64_t>(now.ns) >> kTickShift;
  while (const auto event = next_event()) {
    if (event->tick > target) break;
    tick_ = event->tick;
    redistribute(event->list);
  }
  tick_ = std::max(tick_, target);
}

Task TimerWheel::take_due() {
  const std::uint32_t index = lists_[kDueList].first;
  if (index == kNone) return {};
  Task task = std::move(nodes_[index].task);
  unlink(index);
  release(index);
  return task;
}

std::optional<MonoTime> TimerWheel::next() const {
  if (lists_[kDueList].first != kNone) return MonoTime{static_cast<std::int64_t>(tick_ << kTickShift)};
  const auto event = next_event();
  if (!event) return std::nullopt;
  return MonoTime{static_cast<std::int64_t>(event->tick << kTickShift)};
}

std::optional<TimerWheel::Event> TimerWheel::next_event() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
    const unsigned shift = level * kLevelBits;
    const std::uint64_t above = tick_ >> (shift + kLevelBits) << (shift + kLevelBits);
    return Event{level * kSlots + slot, above | (std::uint64_t{slot} << shift)};
  }
  return std::nullopt;
}

std::uint32_t TimerWheel::list_for(std::uint64_t tick) const {
  if (tick <= tick_) return kDueList;
  const auto level = static_cast<unsigned>(std::bit_width(tick ^ tick_) - 1) / kLevelBits;
  HERALD_CHECK(level < kLevels, "a timer lies more than 36 years ahead");
  return level * kSlots + static_cast<std::uint32_t>((tick >> (level * kLevelBits)) & (kSlots - 1));
}

std::uint32_t TimerWheel::allocate() {
  if (free_ == kNone) {
    nodes_.emplace_back();
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  const std::uint32_t index = free_;
  free_ = nodes_[index].next;
  return index;
}

void TimerWheel::release(std::uint32_t index) {
  // The task's destructor may add or cancel timers, so it runs when the node is in order again.
  const Task dying = std::move(nodes_[index].task);
  Node& node = nodes_[index];
  node.task = {};
  node.list = kNone;
  ++node.generation;
  node.next = free_;
  free_ = index;
  --size_;
}

void TimerWheel::link(std::uint32_t index, std::uint32_t list) {
  Node& node = nodes_[index];
  List& to = lists_[list];
  node.list = list;
  node.next = kNone;
  node.previous = to.last;
  (to.last == kNone ? to.first : nodes_[to.last].next) = index;
  to.last = index;
  if (list != kDueList) occupied_[list / kSlots] |= std::uint64_t{1} << (list % kSlots);
}

void TimerWheel::unlink(std::uint32_t index) {
  const Node& node = nodes_[index];
  List& from = lists_[node.list];
  (node.previous == kNone ? from.first : nodes_[node.previous].next) = node.next;
  (node.next == kNone ? from.last : nodes_[node.next].previous) = node.previous;
  if (from.first == kNone && node.list != kDueList) {
    occupied_[node.list / kSlots] &= ~(std::uint64_t{1} << (node.list % kSlots));
  }
}

void TimerWheel::redistribute(std::uint32_t list) {
  while (lists_[list].first != kNone) {
    const std::uint32_t index = lists_[list].first;
    unlink(index);
    link(index, list_for(nodes_[index].tick));
  }
}

}  // namespace herald::transport
