#include "roles/user_agent_ws/delivery_window.h"

#include <algorithm>

#include "base/planted.h"

namespace herald::roles::user_agent_ws {

namespace {

// Acked ids remembered, as a multiple of the window and at most: the store learns of an ack later than this connection
// does. Those forgotten may be sent again, which at-least-once allows.
constexpr std::size_t kAckedPerWindow = 4;
constexpr std::size_t kAckedMax = 1'024;

// The greatest id below `id`; nullopt below the least.
std::optional<MessageId> before(MessageId id) {
  for (auto byte = id.bytes.rbegin(); byte != id.bytes.rend(); ++byte) {
    if ((*byte)-- != 0) return id;
  }
  return std::nullopt;
}

}  // namespace

struct DeliveryWindow::Busy {
  std::vector<Entry> entries;
  std::vector<MessageId> acked;  // the latest, oldest first
  std::size_t fetching = 0;      // entries whose body is on its way
  bool catching_up = false;
  bool reading = false;
  std::optional<MessageId> cursor;  // the scan has seen everything up to here
  std::optional<MessageId> missed;  // while reading: the least id announced since the read began

  auto find(const MessageId& id) { return std::ranges::find(entries, id, &Entry::id); }
  [[nodiscard]] bool knows(const MessageId& id) {
    return find(id) != entries.end() || std::ranges::find(acked, id) != acked.end();
  }
  [[nodiscard]] std::size_t room(const WindowLimits& limits) const {
    return limits.unacked > entries.size() ? limits.unacked - entries.size() : 0;
  }
  void rewind(const MessageId& id) {
    if (cursor && id <= *cursor) cursor = before(id);
  }
};

DeliveryWindow::DeliveryWindow() = default;
DeliveryWindow::~DeliveryWindow() = default;

DeliveryWindow::Busy& DeliveryWindow::busy() {
  if (!busy_) busy_ = std::make_unique<Busy>();
  return *busy_;
}

void DeliveryWindow::release_if_idle() {
  if (busy_ && busy_->entries.empty() && !busy_->catching_up) busy_.reset();
}

void DeliveryWindow::start() {
  Busy& state = busy();
  state.catching_up = true;
  state.cursor.reset();
  if (state.reading) state.missed = MessageId{};
}

void DeliveryWindow::start_over() {
  if (!busy_) return;
  std::erase_if(busy_->entries, [](const Entry& entry) { return entry.sent_at.ms != 0; });
  start();
}

void DeliveryWindow::fall_behind(const MessageId& missed) {
  Busy& state = busy();
  if (!state.catching_up) {
    state.catching_up = true;
    state.cursor = before(missed);
  } else if (state.reading) {
    state.missed = state.missed ? std::min(*state.missed, missed) : missed;
  } else {
    state.rewind(missed);
  }
}

bool DeliveryWindow::offer(const MessageId& id, bool blocked, const WindowLimits& limits) {
  Busy& state = busy();
  if (state.knows(id)) return false;
  if (state.catching_up || blocked || state.room(limits) == 0) {
    fall_behind(id);
    return false;
  }
  state.entries.push_back({id, {}, false});
  ++state.fetching;
  return true;
}

std::optional<PageRequest> DeliveryWindow::next_page(bool blocked, const WindowLimits& limits) {
  if (!busy_ || !busy_->catching_up || busy_->reading || busy_->fetching > 0 || blocked) return std::nullopt;
  const std::size_t room = busy_->room(limits);
  if (room == 0) return std::nullopt;
  const auto seen_again = static_cast<std::size_t>(std::ranges::count_if(
      busy_->entries, [this](const Entry& entry) { return !busy_->cursor || entry.id > *busy_->cursor; }));
  busy_->reading = true;
  return PageRequest{busy_->cursor, std::min(limits.page, room + seen_again)};
}

std::vector<std::size_t> DeliveryWindow::page(std::span<const MessageId> ids, bool more, const WindowLimits& limits) {
  std::vector<std::size_t> to_send;
  if (!busy_ || !busy_->reading) return to_send;
  Busy& state = *busy_;
  state.reading = false;
  std::size_t seen = 0;
  for (; seen < ids.size(); ++seen) {
    if (!state.knows(ids[seen])) {
      if (state.room(limits) == 0) break;
      state.entries.push_back({ids[seen], {}, false});
      ++state.fetching;
      to_send.push_back(seen);
    }
    state.cursor = ids[seen];
  }
  more = seen < ids.size() || (more && !ids.empty());
  if (state.missed && (!more || (state.cursor && *state.missed <= *state.cursor))) {
    state.rewind(*state.missed);
    more = true;
  }
  state.missed.reset();
  state.catching_up = more;
  release_if_idle();
  return to_send;
}

void DeliveryWindow::page_failed() {
  if (!busy_) return;
  busy_->reading = false;
  if (busy_->missed) busy_->rewind(*busy_->missed);
  busy_->missed.reset();
}

bool DeliveryWindow::out_of_turn(const MessageId& id) const {
  return busy_ && busy_->catching_up && (!busy_->cursor || id > *busy_->cursor);
}

bool DeliveryWindow::sent(const MessageId& id, WallTime at) {
  if (!busy_) return false;
  const auto entry = busy_->find(id);
  if (entry == busy_->entries.end() || entry->sent_at.ms != 0) return false;
  entry->sent_at = at;
  --busy_->fetching;
  return true;
}

void DeliveryWindow::gone(const MessageId& id) {
  if (!busy_) return;
  const auto entry = busy_->find(id);
  if (entry == busy_->entries.end() || entry->sent_at.ms != 0) return;
  if (planted::is(planted::Fault::kWindowLeaksASlot)) return;
  busy_->entries.erase(entry);
  --busy_->fetching;
  release_if_idle();
}

void DeliveryWindow::give_back(const MessageId& id) {
  if (!busy_) return;
  const auto entry = busy_->find(id);
  if (entry == busy_->entries.end() || entry->sent_at.ms != 0) return;
  busy_->entries.erase(entry);
  --busy_->fetching;
  fall_behind(id);
}

std::optional<DeliveryWindow::Entry> DeliveryWindow::acked(const MessageId& id, const WindowLimits& limits) {
  if (!busy_) return std::nullopt;
  const auto found = busy_->find(id);
  if (found == busy_->entries.end()) return std::nullopt;
  const Entry entry = *found;
  if (entry.sent_at.ms == 0) --busy_->fetching;
  busy_->entries.erase(found);
  release_if_idle();
  if (busy_) {
    if (busy_->acked.size() >= std::min(kAckedPerWindow * limits.unacked, kAckedMax))
      busy_->acked.erase(busy_->acked.begin());
    busy_->acked.push_back(id);
  }
  return entry;
}

std::optional<WallTime> DeliveryWindow::report(const MessageId& id) {
  if (!busy_) return std::nullopt;
  const auto entry = busy_->find(id);
  if (entry == busy_->entries.end() || entry->sent_at.ms == 0 || entry->reported) return std::nullopt;
  entry->reported = true;
  return entry->sent_at;
}

std::vector<DeliveryWindow::Entry> DeliveryWindow::report_all() {
  std::vector<Entry> reported;
  if (!busy_) return reported;
  for (Entry& entry : busy_->entries) {
    if (entry.sent_at.ms == 0 || entry.reported) continue;
    entry.reported = true;
    reported.push_back(entry);
  }
  return reported;
}

std::span<const DeliveryWindow::Entry> DeliveryWindow::entries() const {
  if (!busy_) return {};
  return busy_->entries;
}

bool DeliveryWindow::catching_up() const {
  return busy_ && busy_->catching_up;
}

}  // namespace herald::roles::user_agent_ws
