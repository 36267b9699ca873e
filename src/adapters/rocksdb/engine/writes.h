#pragma once
// The rules of the store ports for everything that changes the store, as functions on a Transaction. Private to this
// folder. Their answers count only if Transaction::end_operation() finds no failure.

#include "adapters/rocksdb/engine/transaction.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"

namespace herald::adapters {

// message_writes.cc
[[nodiscard]] Result<ports::PutOutcome> put_message(Transaction& txn, const MessagePtr& stored);
[[nodiscard]] Result<ports::MessageStatus> cancel_message(Transaction& txn, const AppId& app, const std::string& key,
                                                          WallTime now);
// Changes nothing.
[[nodiscard]] Result<ports::MessageStatus> find_status(Transaction& txn, const AppId& app, const std::string& key,
                                                       WallTime now);
void end_message(Transaction& txn, Receipt& receipt, DeliveryState state, WallTime at);
// Ends a routed message once no delivery is outstanding.
void end_if_resolved(Transaction& txn, Receipt& receipt, WallTime at);

// upkeep_writes.cc
[[nodiscard]] Result<std::vector<ports::Unrouted>> list_unrouted(Transaction& txn, std::optional<MessageId> after,
                                                                 WallTime before, std::size_t limit);
[[nodiscard]] Result<ports::PurgeOutcome> purge_messages(Transaction& txn, WallTime now,
                                                         std::chrono::milliseconds receipt_retention,
                                                         std::size_t limit);

// delivery_writes.cc
[[nodiscard]] Result<ports::AddOutcome> add_deliveries(Transaction& txn,
                                                       const std::vector<ports::NewDeliveries>& entries, WallTime now);
[[nodiscard]] Result<std::uint64_t> record_events(Transaction& txn, const std::vector<DeliveryEvent>& events);
// Takes away a pending row that exists, and drops its delivery; true if there was one to drop. A row whose message has
// ended only makes room.
[[nodiscard]] bool drop_pending(Transaction& txn, const PendingKey& key, WallTime now);
void drop_pending_of(Transaction& txn, const AppId& app, const UserAgentId& user_agent, WallTime now);

// receipt_writes.cc
[[nodiscard]] Result<std::uint64_t> forget_receipt_messages(Transaction& txn, const ReceiptId& receipt,
                                                            std::size_t limit);
// Changes nothing.
[[nodiscard]] Result<ports::ReceiptPage> page_of_receipt(Transaction& txn, const ReceiptId& receipt,
                                                         std::optional<MessageId> after, std::size_t limit,
                                                         WallTime now);

// directory_writes.cc
// Changes nothing. Empty: more devices than DirectoryCache keeps.
[[nodiscard]] const std::optional<std::vector<UserAgentId>>& few_devices_of(Transaction& txn, const AppId& app);
// Changes nothing.
[[nodiscard]] Node node_of(Transaction& txn, const UserAgentId& user_agent);
[[nodiscard]] Status register_device(Transaction& txn, const App& app, const UserAgentId& user_agent);
[[nodiscard]] Result<bool> unregister_device(Transaction& txn, const AppId& app, const UserAgentId& user_agent);
[[nodiscard]] Result<Location> set_device_location(Transaction& txn, const UserAgentId& user_agent,
                                                   const Location& location, std::optional<WakeInterface> wake);
[[nodiscard]] Result<Location> leave_connection(Transaction& txn, const UserAgentId& user_agent, const ServerId& server,
                                                std::uint64_t connection, const ServerId& sleep_server);

}  // namespace herald::adapters
