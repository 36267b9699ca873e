#pragma once
// The store of accepted messages. Asynchronous: each call answers through its Reply, on the Reply's executor, never
// inline. Callable from any thread. Of the changes asked for by one thread, those of one kind (put; add; record;
// register and unregister; set_location and leave of one user agent) are applied in the order asked; one that must
// follow a change of another kind waits for its answer. A change is visible to every call made after its answer (a read
// asked for before that may or may not see it). Errors of any call: kUnavailable (disk full, store away: retry),
// kCorrupt, kInternal.

#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/app.h"
#include "domain/delivery.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace herald::ports {

struct PutOutcome {
  std::optional<MessageId> replaced;  // the earlier message with the same replace_key, if it was still outstanding
};

// One stored message that no monitor has routed yet.
struct Unrouted {
  MessageId message;
  AppId app;
};

// A message as its receipt shows it, without its body.
struct MessageStatus {
  MessageId id;
  AppId app;
  Priority priority = Priority::kRealTime;
  std::string replace_key;
  WallTime accepted_at;
  WallTime expires_at;
  bool routed = false;
  // kPending: at least one delivery is outstanding, or it is not routed yet. kAcked: every delivery is acked (or there
  // was none). Otherwise why it ended.
  DeliveryState state = DeliveryState::kPending;
  WallTime ended_at;             // 0: not ended
  std::uint64_t recipients = 0;  // deliveries written so far
  std::uint64_t acked = 0;
  ReceiptId receipt{};  // all zero: none was asked for
};

struct PurgeOutcome {
  std::uint64_t expired = 0;  // messages whose outstanding deliveries became expired
  std::uint64_t removed = 0;  // messages and receipts removed for good
  bool more = false;          // the limit was reached; call again
};

class MessageStore {
 public:
  virtual ~MessageStore() = default;

  // Stores `message` durably (on disk when the answer is a value) as not yet routed. If an outstanding message of the
  // same app has the same non-empty replace_key, it becomes kReplaced in the same step, and its outstanding
  // deliveries with it. The id must be greater than every id stored before for that app.
  virtual void put(Message message, Reply<Result<PutOutcome>> reply) = 0;

  // For each id, in the same order: the message if it may still be delivered at `now`, else null (acked by all,
  // replaced, cancelled, expired, unknown).
  virtual void fetch(std::vector<MessageId> ids, WallTime now, Reply<Result<std::vector<MessagePtr>>> reply) = 0;

  // The status of the newest message of `app` whose replace_key is `key`, or whose id in hex is `key`; kNotFound if
  // there is none.
  virtual void status(AppId app, std::string key, WallTime now, Reply<Result<MessageStatus>> reply) = 0;

  // Ends the message that status() would find: outstanding deliveries become kCancelled, durably. Answers the status
  // after that; a message that had ended before stays as it was. kNotFound if there is none.
  virtual void cancel(AppId app, std::string key, WallTime now, Reply<Result<MessageStatus>> reply) = 0;

  // Up to `limit` stored messages not yet routed, oldest first, after `after`, accepted before `before`.
  virtual void unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                        Reply<Result<std::vector<Unrouted>>> reply) = 0;

  // The greatest message id that the store holds, in whatever state; none if it holds no message. After a start, new
  // ids must be greater, even if the clock was ahead before: MessageIdSource::start_after().
  virtual void newest(Reply<Result<std::optional<MessageId>>> reply) { std::move(reply)(std::nullopt); }

  // Ends what has expired at `now`, and removes what ended more than `receipt_retention` ago; up to `limit` of each.
  virtual void purge(WallTime now, std::chrono::milliseconds receipt_retention, std::size_t limit,
                     Reply<Result<PurgeOutcome>> reply) = 0;
};

}  // namespace herald::ports
