#pragma once
// What one device was sent and has not acked, and what is still to be sent to it: a state machine without I/O. While
// everything sent is acked and nothing waits it owns no memory beyond a pointer.
//
// Live: a notification that the monitor announces is fetched and sent at once. Catching up: pending notifications are
// read from the store in pages, oldest first, and announced ones are left for the scan to find. A device that just
// registered catches up; so does one whose socket is blocked. The scan remembers how far it came; whatever may have
// escaped it (announced while a page was being read, or older than where it stands) moves it back, so the scan ends
// only when nothing can have been missed. Reading an id twice is harmless: what is in the window, or was acked lately,
// is not sent again.
//
// The bound on unacked notifications holds for each app. An app without room is held: the scan passes over its
// notifications, and so do announcements, which costs the other apps nothing. The window notes up to where the app was
// served, and reads from there again when an ack made room for it. An app with nothing unacked always has room for one
// notification, so held apps have something unacked or are about to be read, and their number is bounded by that of
// the device's apps. Within an app, notifications are sent in the order of their ids.
//
// A fresh notification that a page shows may have an older one of its app behind the place where the page began: both
// were written after an earlier page had passed there, and are not announced yet. So the page is read again from a
// place that nothing can have been written behind, before the fresh one is sent.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "domain/ids.h"

namespace herald::roles::user_agent_ws {

// `per_app`: unacked notifications of one app at most. `per_device`: those of all apps together, past which an app gets
// a place only if it has none. `page`: ids in one page at most.
struct WindowLimits {
  std::size_t per_app = 64;
  std::size_t per_device = 640;
  std::size_t page = 32;
};

struct PageRequest {
  std::optional<MessageId> after;
  std::size_t limit = 0;
};

class DeliveryWindow {
 public:
  // A notification that waits for the device. `fresh`: it was accepted so lately that it, and older ones, may have been
  // routed while the device was being served.
  struct Pending {
    MessageId id;
    AppId app;
    bool fresh = false;
  };

  // What is known of one notification in the window.
  struct Entry {
    MessageId id;
    AppId app;
    WallTime sent_at;  // 0: its body is still being fetched
    WallTime expires_at;
    bool reported = false;  // its delivery was recorded as sent
  };

  DeliveryWindow();
  ~DeliveryWindow();
  DeliveryWindow(const DeliveryWindow&) = delete;
  DeliveryWindow& operator=(const DeliveryWindow&) = delete;

  // The device registered: everything pending is due.
  void start();

  // What was sent and not acked is forgotten, so that the scan that starts now sends it again.
  void start_over();

  // A notification was announced. True: it has a place in the window; fetch it, then call sent() or gone() or
  // give_back(). False: it was sent before, or a scan will find it (then next_page() may have work).
  [[nodiscard]] bool offer(const Pending& announced, bool blocked, const WindowLimits& limits);

  // The page to read now, if one is due; then call page() or page_failed(). Never while one is being read or while
  // `blocked`, and not before the announced notifications that the page must follow are fetched. Pages for held apps
  // and pages of the scan of everything take turns.
  [[nodiscard]] std::optional<PageRequest> next_page(bool blocked, const WindowLimits& limits);
  // The page that was asked for: ids ascending. Answers which of them to send now, by index, in order; each of those is
  // in the window: call sent() or give_back() for it.
  [[nodiscard]] std::vector<std::size_t> page(std::span<const Pending> found, bool more, const WindowLimits& limits);
  void page_failed();

  // A fetched notification that must not be sent before older ones, which a scan has yet to find: give it back.
  [[nodiscard]] bool out_of_turn(const Pending& fetched) const;
  // To be called just before it is written. False: it is not to be sent (it was acked meanwhile).
  [[nodiscard]] bool sent(const MessageId& id, WallTime at, WallTime expires_at);
  // The notification ended before it was sent.
  void gone(const MessageId& id);
  // It could not be sent now: a scan will find it again.
  void give_back(const MessageId& id);
  // Answers what was known of it if it was in the window.
  std::optional<Entry> acked(const MessageId& id, const WindowLimits& limits);

  // The device left the app: what it has not acked of it will never be acked.
  void forget(const AppId& app);
  // Frees the places of what was sent and has expired at `now`.
  void expire(WallTime now);
  // When expire() will next make room for a held app; nullopt if none is held.
  [[nodiscard]] std::optional<WallTime> room_by_expiry() const;

  // Marks one entry as reported and answers when it was sent; nullopt if it is not in the window, not sent, or was
  // reported before.
  [[nodiscard]] std::optional<WallTime> report(const MessageId& id);
  // Marks all that are sent and not yet reported, and answers them.
  [[nodiscard]] std::vector<Entry> report_all();
  // The entries in the order in which they got their places. Valid until the next call.
  [[nodiscard]] std::span<const Entry> entries() const;
  // Pages are due, now or when there is room.
  [[nodiscard]] bool catching_up() const;
  // True if no memory is in use.
  [[nodiscard]] bool idle() const { return busy_ == nullptr; }

 private:
  struct Busy;

  void release_if_idle();
  Busy& busy();

  std::unique_ptr<Busy> busy_;
};

}  // namespace herald::roles::user_agent_ws
