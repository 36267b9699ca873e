#pragma once
// How far a reader of a receipt subscription has been told what became of its messages: what to read of the receipt
// log next, which rows are news, and a cursor from which another server goes on without losing any.
//
// The log is in the order of acceptance, but messages end in another. So progress is: everything up to `through` has
// been told, but for those that still wait; after it, only what is listed. `through` stays kLateRows behind the clock,
// since processes may write their rows that much after they made the ids.

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "domain/ids.h"
#include "ports/receipt_log.h"

namespace herald::roles::app_server {

// A value, used by one thread.
class ReceiptProgress {
 public:
  // Rows are written within this time after their ids were made, the difference of clocks included. One that takes
  // longer is told by the list only.
  static constexpr std::chrono::milliseconds kLateRows{30'000};
  // Ids of each kind that a cursor lists. What does not fit is told again.
  static constexpr std::size_t kListed = 32;
  static constexpr std::size_t kFrontRows = 200;
  static constexpr std::size_t kWaitingRows = 64;
  static constexpr std::size_t kReadsPerRound = 16;

  // Nothing was told. Of more than `waiting_max` messages that wait the further ones are not looked at yet.
  explicit ReceiptProgress(std::size_t waiting_max) : waiting_max_(waiting_max) {}
  // From cursor() of any process. kInvalid: it is none.
  [[nodiscard]] static Result<ReceiptProgress> from_cursor(std::string_view cursor, std::size_t waiting_max);

  struct Read {
    std::optional<MessageId> after;
    std::size_t limit = 0;
  };
  // What to read for take(). A round looks at what is new, and then at some of those that wait: at most kReadsPerRound
  // reads of each that tell nothing.
  [[nodiscard]] Read next() const;
  // Takes the page that was read at `now`. Calls `tell` with each message that is final and was not told before;
  // cursor() counts it as told then. Without a cursor to begin with, messages that wait already are told too.
  void take(const ports::ReceiptPage& page, WallTime now, const std::function<void(const ports::MessageStatus&)>& tell);
  // The last take() ended a round: nothing is urgent.
  [[nodiscard]] bool round_over() const { return round_over_; }

  // What has been told, for from_cursor(): base64url, at most 1,400 characters.
  [[nodiscard]] std::string cursor() const;
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  using Tell = std::function<void(const ports::MessageStatus&)>;

  [[nodiscard]] bool told(const MessageId& id) const;
  [[nodiscard]] const MessageId* next_waiting() const;
  [[nodiscard]] bool take_front(const ports::ReceiptPage& page, WallTime now, const Tell& tell);
  [[nodiscard]] bool take_waiting(const ports::ReceiptPage& page, const Tell& tell);
  void advance(const MessageId& to);
  void begin_sweep();

  std::size_t waiting_max_;
  MessageId through_{};          // all zero: nothing
  std::set<MessageId> waiting_;  // seen, not final
  std::set<MessageId> recent_;   // told, after through_
  bool snapshot_ = true;         // until all has been seen once

  bool sweeping_ = false;  // looking at those that wait
  bool round_over_ = false;
  std::size_t reads_ = 0;              // of this kind, in this round, that told nothing
  std::optional<MessageId> front_at_;  // where reading what is new goes on; empty: after through_
  MessageId swept_{};                  // those that wait have been looked at up to here
};

}  // namespace herald::roles::app_server
