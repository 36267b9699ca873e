#pragma once
// Which messages were sent under one receipt subscription (RFC 8030 §5.1). MessageStore::put() writes the log for each
// message with a receipt id, and the removal of a message's receipt takes it out. The rules of message_store.h on
// threads, order and errors hold here too.

#include <optional>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/ids.h"
#include "ports/message_store.h"

namespace herald::ports {

struct ReceiptPage {
  std::vector<MessageStatus> messages;  // oldest first
  bool more = false;                    // there are further ones after the last of these
};

class ReceiptLog {
 public:
  virtual ~ReceiptLog() = default;

  // Up to `limit` messages of `receipt` after `after`. None at all: no such receipt subscription (any more).
  virtual void of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime now,
                          Reply<Result<ReceiptPage>> reply) = 0;

  // Ends the receipt subscription, durably; the messages live on. Answers how many it named, up to `limit`: ask again
  // while it is `limit`.
  virtual void forget_receipt(ReceiptId receipt, std::size_t limit, Reply<Result<std::uint64_t>> reply) = 0;
};

}  // namespace herald::ports
