#include "roles/user_agent_ws/delivery_window.h"

#include <algorithm>
#include <utility>

#include "base/planted.h"

namespace herald::roles::user_agent_ws {

namespace {

// Acked ids remembered, as a multiple of an app's window and at most: the store learns of an ack later than this
// connection does. Those forgotten may be sent again, which at-least-once allows.
constexpr std::size_t kAckedPerWindow = 4;
constexpr std::size_t kAckedMax = 1'024;
// Fresh notifications remembered as being in turn. Those forgotten cost another page.
constexpr std::size_t kInTurnMax = 1'024;

// The greatest id below `id`; nullopt below the least.
std::optional<MessageId> before(MessageId id) {
  for (auto byte = id.bytes.rbegin(); byte != id.bytes.rend(); ++byte) {
    if ((*byte)-- != 0) return id;
  }
  return std::nullopt;
}

// How far something was read: everything up to `seen`. While a page is read, `missed` is the least id that was
// announced and that the page may be too old to show.
struct Progress {
  std::optional<MessageId> seen;
  std::optional<MessageId> missed;

  [[nodiscard]] bool covers(const MessageId& id) const { return seen && id <= *seen; }
  void rewind(const MessageId& id) {
    if (covers(id)) seen = before(id);
  }
  void miss(const MessageId& id) { missed = missed ? std::min(*missed, id) : id; }
  // The page ended. True: what was missed must be looked for, from a place before it.
  [[nodiscard]] bool settle(bool at_end) {
    const bool again = missed && (at_end || covers(*missed));
    if (again) rewind(*missed);
    missed.reset();
    return again;
  }
};

// An app without room. Its notifications up to `progress.seen` were served, but for fresh ones after `base` that were
// written late.
struct Held {
  AppId app;
  Progress progress;
  std::optional<MessageId> base;
  bool reading = false;  // the page that is being read is for it
};

enum class Reading : std::uint8_t { kNothing, kAll, kHeld };

}  // namespace

struct DeliveryWindow::Busy {
  std::vector<Entry> entries;
  std::vector<MessageId> acked;  // the latest, oldest first
  std::size_t fetching = 0;      // entries whose body is on its way
  bool scanning = false;         // the scan of everything is not at its end
  Progress scan;
  std::vector<Held> held;
  Reading reading = Reading::kNothing;
  Reading turn = Reading::kHeld;        // who reads first if both could
  bool wide = false;                    // the last page for held apps had nothing for them
  std::optional<MessageId> page_after;  // where the page that is being read begins
  std::optional<MessageId> stable;      // the scan has passed it, and nothing is written behind it any more
  std::vector<MessageId> in_turn;       // fresh ones; all that is older of their apps has been read since

  auto find(const MessageId& id) { return std::ranges::find(entries, id, &Entry::id); }
  auto unsent(const MessageId& id) {
    const auto entry = find(id);
    return entry != entries.end() && entry->sent_at.ms != 0 ? entries.end() : entry;
  }
  [[nodiscard]] Held* find_held(const AppId& app) {
    const auto found = std::ranges::find(held, app, &Held::app);
    return found == held.end() ? nullptr : &*found;
  }
  [[nodiscard]] bool knows(const MessageId& id) {
    return find(id) != entries.end() || std::ranges::find(acked, id) != acked.end();
  }
  [[nodiscard]] std::size_t places_of(const AppId& app) const {
    return static_cast<std::size_t>(std::ranges::count(entries, app, &Entry::app));
  }
  [[nodiscard]] bool has_room(const AppId& app, const WindowLimits& limits) const {
    if (planted::is(planted::Fault::kOneWindowForAllApps)) return entries.size() < limits.per_app;
    const std::size_t own = places_of(app);
    return own == 0 || (own < limits.per_app && entries.size() < limits.per_device);
  }
  [[nodiscard]] bool is_fetching(const AppId& app) const {
    return fetching > 0 && std::ranges::any_of(entries, [&app](const Entry& entry) {
             return entry.app == app && entry.sent_at.ms == 0;
           });
  }

  void take_place(const Pending& what) {
    entries.push_back({what.id, what.app, {}, {}, false});
    ++fetching;
  }
  void hold(const AppId& app, const std::optional<MessageId>& after) {
    held.push_back({app, {after, {}}, after, false});
  }
  // An older one of its app may have been written after `base` and before the place where the page begins.
  [[nodiscard]] bool may_lack_older(const Pending& what, const std::optional<MessageId>& base) const {
    return what.fresh && page_after > base && std::ranges::find(in_turn, what.id) == in_turn.end();
  }
  // `progress` goes back to `base`. What is older than `found` of its apps is visible by now, so it will be read
  // before.
  void go_back(Progress& progress, const std::optional<MessageId>& base, std::span<const Pending> found) {
    if (in_turn.size() + found.size() > kInTurnMax) in_turn.clear();
    for (const Pending& what : found) {
      if (what.fresh) in_turn.push_back(what.id);
    }
    progress.seen = base;
    (void)progress.settle(true);
  }
  // A notification that is not sent now must be found by a scan.
  void leave_to_held(Held& app, const MessageId& id) const {
    if (app.reading) {
      app.progress.miss(id);
    } else {
      app.progress.rewind(id);
    }
  }
  void leave_to_scan(const MessageId& id) {
    if (!scanning) {
      scanning = true;
      scan.seen = before(id);
    } else if (reading == Reading::kAll) {
      scan.miss(id);
    } else {
      scan.rewind(id);
    }
  }

  [[nodiscard]] std::optional<PageRequest> page_for_held(const WindowLimits& limits);
  [[nodiscard]] std::optional<PageRequest> page_of_scan(const WindowLimits& limits);
  // The pages' answers. They append to `to_send`.
  void read_for_held(std::span<const Pending> found, bool more, const WindowLimits& limits,
                     std::vector<std::size_t>& to_send);
  void read_by_scan(std::span<const Pending> found, bool more, const WindowLimits& limits,
                    std::vector<std::size_t>& to_send);
  // Moves one held app through a page. True: it is held no longer.
  [[nodiscard]] bool serve(Held& app, std::span<const Pending> found, bool more, const WindowLimits& limits,
                           std::vector<std::size_t>& to_send);
};

DeliveryWindow::DeliveryWindow() = default;
DeliveryWindow::~DeliveryWindow() = default;

DeliveryWindow::Busy& DeliveryWindow::busy() {
  if (!busy_) busy_ = std::make_unique<Busy>();
  return *busy_;
}

void DeliveryWindow::release_if_idle() {
  if (!busy_ || busy_->reading != Reading::kNothing) return;
  if (busy_->entries.empty() && !catching_up()) busy_.reset();
}

void DeliveryWindow::start() {
  Busy& state = busy();
  state.scanning = true;
  state.scan.seen.reset();
  state.held.clear();  // the scan finds theirs too
  if (state.reading == Reading::kAll) state.scan.miss(MessageId{});
}

void DeliveryWindow::start_over() {
  if (!busy_) return;
  std::erase_if(busy_->entries, [](const Entry& entry) { return entry.sent_at.ms != 0; });
  start();
}

bool DeliveryWindow::offer(const Pending& announced, bool blocked, const WindowLimits& limits) {
  Busy& state = busy();
  if (state.knows(announced.id)) return false;
  if (Held* held = state.find_held(announced.app)) {
    state.leave_to_held(*held, announced.id);
  } else if (state.scanning || blocked) {
    state.leave_to_scan(announced.id);
  } else if (!state.has_room(announced.app, limits)) {
    state.hold(announced.app, before(announced.id));
  } else {
    state.take_place(announced);
    return true;
  }
  return false;
}

std::optional<PageRequest> DeliveryWindow::next_page(bool blocked, const WindowLimits& limits) {
  if (!busy_ || busy_->reading != Reading::kNothing || blocked) return std::nullopt;
  const Reading first = busy_->turn;
  auto request = first == Reading::kHeld ? busy_->page_for_held(limits) : busy_->page_of_scan(limits);
  if (!request) request = first == Reading::kHeld ? busy_->page_of_scan(limits) : busy_->page_for_held(limits);
  if (request) busy_->turn = busy_->reading == Reading::kHeld ? Reading::kAll : Reading::kHeld;
  return request;
}

std::optional<PageRequest> DeliveryWindow::Busy::page_for_held(const WindowLimits& limits) {
  std::optional<PageRequest> request;
  std::size_t room = 0;
  for (Held& app : held) {
    app.reading = has_room(app.app, limits) && !is_fetching(app.app);
    if (!app.reading) continue;
    const std::size_t own = places_of(app.app);
    room += std::max<std::size_t>(limits.per_app - std::min(own, limits.per_app), 1);
    if (!request || app.progress.seen < request->after) request = PageRequest{app.progress.seen, 0};
  }
  if (!request) return request;
  reading = Reading::kHeld;
  page_after = request->after;
  request->limit = wide ? limits.page : std::min(limits.page, room);
  return request;
}

std::optional<PageRequest> DeliveryWindow::Busy::page_of_scan(const WindowLimits& limits) {
  if (!scanning || fetching > 0) return std::nullopt;
  reading = Reading::kAll;
  page_after = scan.seen;
  return PageRequest{scan.seen, limits.page};
}

std::vector<std::size_t> DeliveryWindow::page(std::span<const Pending> found, bool more, const WindowLimits& limits) {
  std::vector<std::size_t> to_send;
  if (!busy_ || busy_->reading == Reading::kNothing) return to_send;
  const bool goes_on = more && !found.empty();
  if (std::exchange(busy_->reading, Reading::kNothing) == Reading::kAll) {
    busy_->read_by_scan(found, goes_on, limits, to_send);
  } else {
    busy_->read_for_held(found, goes_on, limits, to_send);
  }
  release_if_idle();
  return to_send;
}

void DeliveryWindow::Busy::read_by_scan(std::span<const Pending> found, bool more, const WindowLimits& limits,
                                        std::vector<std::size_t>& to_send) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i].fresh && scan.seen == stable) stable = found[i].id;
    scan.seen = found[i].id;
    if (knows(found[i].id)) continue;
    const bool may_lack = may_lack_older(found[i], stable);
    if (Held* app = find_held(found[i].app)) {
      app->progress.rewind(found[i].id);
    } else if (!has_room(found[i].app, limits)) {
      hold(found[i].app, may_lack ? stable : before(found[i].id));
    } else if (may_lack) {
      return go_back(scan, stable, found.subspan(i));
    } else {
      take_place(found[i]);
      to_send.push_back(i);
    }
  }
  const bool again = scan.settle(!more);
  scanning = more || again;
}

void DeliveryWindow::Busy::read_for_held(std::span<const Pending> found, bool more, const WindowLimits& limits,
                                         std::vector<std::size_t>& to_send) {
  std::vector<AppId> caught_up;
  for (Held& app : held) {
    if (!std::exchange(app.reading, false)) continue;
    if (serve(app, found, more, limits, to_send)) caught_up.push_back(app.app);
  }
  std::erase_if(held, [&](const Held& app) { return std::ranges::find(caught_up, app.app) != caught_up.end(); });
  wide = to_send.empty();
  std::ranges::sort(to_send);
}

bool DeliveryWindow::Busy::serve(Held& app, std::span<const Pending> found, bool more, const WindowLimits& limits,
                                 std::vector<std::size_t>& to_send) {
  bool has_place = true;
  for (std::size_t i = 0; i < found.size() && has_place; ++i) {
    if (app.progress.covers(found[i].id)) continue;
    if (found[i].app == app.app && !knows(found[i].id)) {
      has_place = has_room(app.app, limits);
      if (!has_place) break;
      const auto base = std::min(app.base, app.progress.seen);
      if (may_lack_older(found[i], base)) {
        go_back(app.progress, base, found.subspan(i));
        return false;
      }
      take_place(found[i]);
      to_send.push_back(i);
      app.base = found[i].id;
    }
    app.progress.seen = found[i].id;
  }
  const bool at_end = has_place && !more;
  if (app.progress.settle(at_end)) return false;
  // What follows is found by the scan of everything, if it has not come as far.
  const bool scan_follows = scanning && (!scan.seen || app.progress.covers(*scan.seen));
  return at_end || (has_place && scan_follows);
}

void DeliveryWindow::page_failed() {
  if (!busy_) return;
  const auto fail = [](Progress& progress) {
    if (progress.missed) progress.rewind(*progress.missed);
    progress.missed.reset();
  };
  if (busy_->reading == Reading::kAll) fail(busy_->scan);
  for (Held& app : busy_->held) {
    if (std::exchange(app.reading, false)) fail(app.progress);
  }
  busy_->reading = Reading::kNothing;
}

bool DeliveryWindow::out_of_turn(const Pending& fetched) const {
  if (!busy_) return false;
  if (const Held* app = busy_->find_held(fetched.app)) return !app->progress.covers(fetched.id);
  return busy_->scanning && !busy_->scan.covers(fetched.id);
}

bool DeliveryWindow::sent(const MessageId& id, WallTime at, WallTime expires_at) {
  if (!busy_) return false;
  const auto entry = busy_->unsent(id);
  if (entry == busy_->entries.end()) return false;
  entry->sent_at = at;
  entry->expires_at = expires_at;
  --busy_->fetching;
  return true;
}

void DeliveryWindow::gone(const MessageId& id) {
  if (!busy_) return;
  const auto entry = busy_->unsent(id);
  if (entry == busy_->entries.end()) return;
  if (planted::is(planted::Fault::kWindowLeaksASlot)) return;
  busy_->entries.erase(entry);
  --busy_->fetching;
  release_if_idle();
}

void DeliveryWindow::give_back(const MessageId& id) {
  if (!busy_) return;
  const auto entry = busy_->unsent(id);
  if (entry == busy_->entries.end()) return;
  const AppId app = entry->app;
  busy_->entries.erase(entry);
  --busy_->fetching;
  if (Held* held = busy_->find_held(app)) return busy_->leave_to_held(*held, id);
  busy_->leave_to_scan(id);
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
    if (busy_->acked.size() >= std::min(kAckedPerWindow * limits.per_app, kAckedMax))
      busy_->acked.erase(busy_->acked.begin());
    busy_->acked.push_back(id);
  }
  return entry;
}

void DeliveryWindow::forget(const AppId& app) {
  if (!busy_) return;
  std::erase_if(busy_->entries, [this, &app](const Entry& entry) {
    if (entry.app != app) return false;
    if (entry.sent_at.ms == 0) --busy_->fetching;
    return true;
  });
  std::erase_if(busy_->held, [&app](const Held& held) { return held.app == app; });
  release_if_idle();
}

void DeliveryWindow::expire(WallTime now) {
  if (!busy_) return;
  std::erase_if(busy_->entries, [now](const Entry& entry) { return entry.sent_at.ms != 0 && entry.expires_at <= now; });
  release_if_idle();
}

std::optional<WallTime> DeliveryWindow::room_by_expiry() const {
  std::optional<WallTime> first;
  if (!busy_ || busy_->held.empty()) return first;
  for (const Entry& entry : busy_->entries) {
    if (entry.sent_at.ms != 0 && (!first || entry.expires_at < *first)) first = entry.expires_at;
  }
  return first;
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
  return busy_ && (busy_->scanning || !busy_->held.empty());
}

}  // namespace herald::roles::user_agent_ws
