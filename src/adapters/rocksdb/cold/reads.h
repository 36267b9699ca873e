#pragma once
// The rules of the store ports for everything that only reads, as functions on a Database that is open. Any thread that
// holds Database::reading(). Private to this folder.

#include "adapters/rocksdb/cold/database.h"
#include "adapters/rocksdb/cold/row_reader.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"

namespace herald::adapters {

// message_reads.cc
[[nodiscard]] Result<std::vector<MessagePtr>> fetch_messages(const RowReader& rows, const std::vector<MessageId>& ids,
                                                             WallTime now);
[[nodiscard]] Result<ports::DeliveryPage> read_deliveries(const RowReader& rows, const MessageId& message,
                                                          std::optional<UserAgentId> after, std::size_t limit,
                                                          WallTime now);
[[nodiscard]] Result<ports::PendingPage> read_pending(const RowReader& rows, const UserAgentId& user_agent,
                                                      std::optional<MessageId> after, std::size_t limit, WallTime now);

// directory_reads.cc
[[nodiscard]] Result<App> read_app(const Database& database, const AppId& app);
[[nodiscard]] Result<ports::NodePage> read_nodes(const RowReader& rows, const AppId& app,
                                                 std::optional<UserAgentId> after, std::size_t limit);
[[nodiscard]] Result<ports::AppPage> read_apps(const Database& database, const UserAgentId& user_agent,
                                               std::optional<AppId> after, std::size_t limit);
[[nodiscard]] Result<std::vector<Node>> read_locations(const RowReader& rows,
                                                       const std::vector<UserAgentId>& user_agents);

// Devices that sleep on a server, in the order of their ids.
struct SleeperPage {
  struct Sleeper {
    UserAgentId user_agent;
    bool has_rows = false;  // a message that may still be delivered has a row that waits for the device
  };
  std::vector<Sleeper> sleepers;
  bool more = false;  // there are others after the last of these
};
// A bounded page after `after`.
[[nodiscard]] Result<SleeperPage> read_sleepers(const Database& database, const ServerId& server,
                                                std::optional<UserAgentId> after);

}  // namespace herald::adapters
