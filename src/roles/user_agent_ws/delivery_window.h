#pragma once
// What one device was sent and has not acked, and what is still to be sent to it: a state machine without I/O. While
// everything sent is acked and nothing waits it owns no memory beyond a pointer.
//
// Live: a notification that the monitor announces is fetched and sent at once. Catching up: pending notifications are
// read from the store in pages, oldest first, and announced ones are left for the scan to find. A device that just
// registered catches up; so does one whose window is full or whose socket is blocked. The scan remembers how far it
// came; whatever may have escaped it (announced while a page was being read, or older than where it stands) moves it
// back, so the scan ends only when nothing can have been missed. Reading an id twice is harmless: what is in the
// window, or was acked lately, is not sent again.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "domain/ids.h"

namespace herald::roles::user_agent_ws {

// `unacked`: ids in the window at most. `page`: ids in one page at most.
struct WindowLimits {
  std::size_t unacked = 64;
  std::size_t page = 32;
};

struct PageRequest {
  std::optional<MessageId> after;
  std::size_t limit = 0;
};

class DeliveryWindow {
 public:
  // What is known of one notification in the window.
  struct Entry {
    MessageId id;
    WallTime sent_at;       // 0: its body is still being fetched
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
  // give_back(). False: it was sent before, or the scan will find it (then next_page() may have work).
  [[nodiscard]] bool offer(const MessageId& id, bool blocked, const WindowLimits& limits);

  // The page to read now, if one is due; then call page() or page_failed(). Never while one is being read, while
  // announced notifications are being fetched (they go first), while `blocked`, or with a full window.
  [[nodiscard]] std::optional<PageRequest> next_page(bool blocked, const WindowLimits& limits);
  // The page that was asked for: ids ascending. Answers which of them to send now, by index, in order; each of those is
  // in the window: call sent() or give_back() for it.
  [[nodiscard]] std::vector<std::size_t> page(std::span<const MessageId> ids, bool more, const WindowLimits& limits);
  void page_failed();

  // A fetched notification that must not be sent before older ones, which the scan has yet to find: give it back.
  [[nodiscard]] bool out_of_turn(const MessageId& id) const;
  // To be called just before it is written. False: it is not to be sent (it was acked meanwhile).
  [[nodiscard]] bool sent(const MessageId& id, WallTime at);
  // The notification ended before it was sent.
  void gone(const MessageId& id);
  // It could not be sent now: a scan will find it again.
  void give_back(const MessageId& id);
  // Answers what was known of it if it was in the window.
  std::optional<Entry> acked(const MessageId& id, const WindowLimits& limits);

  // Marks one entry as reported and answers when it was sent; nullopt if it is not in the window, not sent, or was
  // reported before.
  [[nodiscard]] std::optional<WallTime> report(const MessageId& id);
  // Marks all that are sent and not yet reported, and answers them.
  [[nodiscard]] std::vector<Entry> report_all();
  // The entries in the order in which they got their places. Valid until the next call.
  [[nodiscard]] std::span<const Entry> entries() const;
  [[nodiscard]] bool catching_up() const;
  // True if no memory is in use.
  [[nodiscard]] bool idle() const { return busy_ == nullptr; }

 private:
  struct Busy;

  void fall_behind(const MessageId& missed);
  void release_if_idle();
  Busy& busy();

  std::unique_ptr<Busy> busy_;
};

}  // namespace herald::roles::user_agent_ws
