#pragma once
// One door to the message store for all loops: ids are made and handed over in one step, so that the store sees the
// messages of an app in the order of their ids, whatever loop accepted them (MessageStore::put asks for that).

#include <mutex>
#include <utility>

#include "domain/message.h"
#include "domain/message_id_source.h"
#include "ports/message_store.h"

namespace herald::roles::app_server {

// Shared by the endpoints of all loops; any thread. The store and the source must outlive it.
class AcceptanceOrder {
 public:
  AcceptanceOrder(ports::MessageStore& store, MessageIdSource& ids) : store_(store), ids_(ids) {}

  // Gives `message` its id and hands it to the store; `reply_for` makes the Reply from the message with its id.
  template <class ReplyFor>
  void put(Message message, ReplyFor reply_for) {
    std::lock_guard lock(mutex_);
    message.id = ids_.next();
    auto reply = reply_for(std::as_const(message));
    store_.put(std::move(message), std::move(reply));
  }

 private:
  ports::MessageStore& store_;
  MessageIdSource& ids_;
  std::mutex mutex_;  // held while the store queues the message, never while it writes
};

}  // namespace herald::roles::app_server
