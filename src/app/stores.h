#pragma once
// The store ports of the configured adapter.

#include <expected>
#include <memory>

#include "app/configuration.h"
#include "app/exit_code.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "ports/server_registry.h"

namespace herald::app {

// What a store knows of itself.
struct StoreCondition {
  bool writable = true;
  std::uint64_t unreadable_rows = 0;  // damaged rows met since the start
};

// Destroying it applies and answers what was called before, and closes the database.
class Stores {
 public:
  // References must outlive the stores. Failures: kDataUnusable (also: the database is away), kDataInUse, kDataDamaged,
  // kUsage (a connection string that can't be used).
  [[nodiscard]] static std::expected<std::unique_ptr<Stores>, Failure> open(const Configuration& configuration,
                                                                            const Clock& clock, Log& log,
                                                                            Metrics& metrics);
  virtual ~Stores() = default;
  [[nodiscard]] virtual ports::MessageStore& messages() = 0;
  [[nodiscard]] virtual ports::DeliveryStore& deliveries() = 0;
  [[nodiscard]] virtual ports::Directory& directory() = 0;
  [[nodiscard]] virtual ports::ReceiptLog& receipts() = 0;
  [[nodiscard]] virtual ports::ServerRegistry& servers() = 0;
  // What a start must know besides messages and devices, by name; empty: never set. A store that forgets everything has
  // no notes and takes none. On the calling thread; they block. Errors are the store's.
  [[nodiscard]] virtual Result<std::string> note(std::string_view name) = 0;
  [[nodiscard]] virtual Status set_note(std::string_view name, std::string_view value) = 0;
  // Whether some device registered for an app, or can be woken.
  [[nodiscard]] virtual Result<bool> has_devices() = 0;
  // How the store is now. Any thread; asks no disk.
  [[nodiscard]] virtual StoreCondition condition() const { return {}; }
  // Where the store does its work, if others may run there too. Null: they may not.
  [[nodiscard]] virtual Executor* executor() { return nullptr; }
  // Inside a task of executor(): it runs no other any more.
  virtual void stop_tasks() {}
};

// Where the configured store keeps what was accepted, for people; without credentials.
[[nodiscard]] std::string where_stored(const Configuration& configuration);

// The connection string of mongodb_uri or mongodb_uri_file. kUnavailable, kInvalid: the file can't be read, or is
// empty.
[[nodiscard]] Result<std::string> mongodb_uri(const Configuration& configuration);

}  // namespace herald::app
