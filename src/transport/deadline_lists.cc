#include "transport/deadline_lists.h"

#include <algorithm>

namespace herald::transport {

namespace {

constexpr unsigned kTickShift = 24;

std::uint32_t tick_at(MonoTime now) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(now.ns) >> kTickShift);
}

// Ticks from `from` to `to`; they are never half of 2^32 (a year) apart.
std::int32_t ticks_between(std::uint32_t from, std::uint32_t to) {
  return static_cast<std::int32_t>(to - from);
}

}  // namespace

DeadlineLists::DeadlineLists(const Limits& limits) {
  const auto set = [this](Deadline kind, std::uint64_t ms) { list(kind).timeout = std::chrono::milliseconds(ms); };
  set(Deadline::kHandshake, limits.handshake_timeout_ms);
  set(Deadline::kHttpRequest, limits.http_request_timeout_ms);
  set(Deadline::kHttpIdle, limits.http_idle_timeout_ms);
  set(Deadline::kWrite, limits.write_timeout_ms);
  set(Deadline::kClose, limits.close_timeout_ms);
  set(Deadline::kPing, limits.websocket_ping_interval_ms);
  set(Deadline::kPong, limits.websocket_pong_timeout_ms);
}

void DeadlineLists::start(DeadlineEntry& entry, Deadline kind, MonoTime now) {
  if (entry.kind_ != Deadline::kNone) unlink(entry);
  entry.kind_ = kind;
  if (kind == Deadline::kNone) return;
  entry.tick_ = tick_after(kind, now);
  List& to = list(kind);
  entry.next_ = nullptr;
  entry.previous_ = to.last;
  (to.last == nullptr ? to.first : to.last->next_) = &entry;
  to.last = &entry;
}

void DeadlineLists::renew(DeadlineEntry& entry, MonoTime now) {
  if (entry.kind_ == Deadline::kNone) return;
  const auto gained = ticks_between(entry.tick_, tick_after(entry.kind_, now));
  if (gained > (list(entry.kind_).timeout.count() >> kTickShift) / 16) start(entry, entry.kind_, now);
}

DeadlineEntry* DeadlineLists::take_expired(MonoTime now, Deadline& kind) {
  for (const List& each : lists_) {
    DeadlineEntry* entry = each.first;
    if (entry == nullptr || ticks_between(tick_at(now), entry->tick_) > 0) continue;
    kind = entry->kind_;
    start(*entry, Deadline::kNone, now);
    return entry;
  }
  return nullptr;
}

std::optional<MonoTime> DeadlineLists::next(MonoTime now) const {
  std::optional<std::int32_t> least;
  for (const List& each : lists_) {
    if (each.first == nullptr) continue;
    const auto left = ticks_between(tick_at(now), each.first->tick_);
    least = least ? std::min(*least, left) : left;
  }
  if (!least) return std::nullopt;
  const std::int64_t tick = (now.ns >> kTickShift) + std::max(*least, 0);
  return MonoTime{tick << kTickShift};
}

std::uint32_t DeadlineLists::tick_after(Deadline kind, MonoTime now) const {
  constexpr std::int64_t kRoundUp = (std::int64_t{1} << kTickShift) - 1;
  return tick_at(MonoTime{now.ns + lists_[static_cast<std::size_t>(kind)].timeout.count() + kRoundUp});
}

void DeadlineLists::unlink(DeadlineEntry& entry) {
  List& from = list(entry.kind_);
  (entry.previous_ == nullptr ? from.first : entry.previous_->next_) = entry.next_;
  (entry.next_ == nullptr ? from.last : entry.next_->previous_) = entry.previous_;
}

}  // namespace herald::transport
