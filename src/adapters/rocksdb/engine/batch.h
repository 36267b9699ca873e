#pragma once
// One group commit in the making, and the view of the store that already includes it. Only the committing thread uses
// it. Private to this folder.
//
// Reads do not return errors one by one: the first failed read makes failure() say so, and from then on the batch is
// only good for discard(). So the rules in *_writes.cc read as rules.

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/rocksdb/cold/database.h"
#include "adapters/rocksdb/cold/record_format.h"
#include "adapters/rocksdb/cold/row_sorter.h"
#include "adapters/rocksdb/state/connected_devices.h"
#include "adapters/rocksdb/state/directory_cache.h"
#include "adapters/rocksdb/state/generation_cache.h"
#include "adapters/rocksdb/state/young_messages.h"
#include "base/limits.h"

namespace herald::adapters {

// What the batch will have done, for the metrics.
struct BatchTally {
  std::array<std::uint64_t, 4> accepted{};  // by priority
  std::array<std::uint64_t, 7> ended{};     // messages, by DeliveryState
  std::uint64_t dropped_deliveries = 0;
};

// Below `key` there is no row: spares scans the deleted rows at the front of an index.
class ScanFloor {
 public:
  [[nodiscard]] const std::string& key() const { return key_; }
  // A row was written.
  void lower_to(const std::string& key) { key_ = std::min(key_, key); }
  // A scan from the floor found nothing before `key`.
  void raise_to(std::string key) {
    if (key > key_) key_ = std::move(key);
  }

 private:
  std::string key_;
};

class Batch {
 public:
  Batch(Database& database, const Limits& limits, const Clock& clock)
      : database_(database), limits_(limits), clock_(clock), sorter_(database) {}

  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] WallTime now() const { return clock_.wall(); }
  [[nodiscard]] BatchTally& tally() { return tally_; }

  // Rows.
  [[nodiscard]] std::optional<std::string> get(Family family, const std::string& key);
  void put(Family family, const std::string& key, const std::string& value);
  void remove(Family family, const std::string& key);
  // Calls `visit` for each row from `from` on whose key starts with `prefix`, until it answers false. The batch must
  // not be changed inside.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  void scan(Family family, const std::string& prefix, const std::string& from, const Visit& visit);
  // Unwraps what a decoder answered.
  template <class T>
  [[nodiscard]] std::optional<T> good(Result<T> decoded) {
    if (decoded) return std::move(*decoded);
    fail_with(decoded.error());
    return std::nullopt;
  }

  // Rows that no operation of the same batch reads back by get() or scan(), and so need no index.
  void put_unindexed(Family family, const std::string& key, const std::string& value);
  void remove_unindexed(Family family, const std::string& key);

  // The indexes of what waits for a sweep; rows that a sweep of the same batch does not see.
  struct Floors {
    ScanFloor unrouted;
    ScanFloor expiry;
    ScanFloor ended;
  };
  [[nodiscard]] Floors& floors() { return floors_; }
  // The rows there of a message that has not ended.
  void write_indexes(const Receipt& receipt);

  // Receipts; null: no such message. Write them only through the functions below, and change() what you change.
  [[nodiscard]] Receipt* receipt(const MessageId& id);
  // Reads the receipts of these messages together, as far as they are not known; receipt() then finds them.
  void read_ahead(std::vector<MessageId> ids);
  // The receipt of a message that is stored now; a young one unless its id forbids it.
  Receipt& new_receipt(const MessagePtr& message);
  void change(const Receipt& receipt);
  // The ack that `delivery` has got survives a crash, unless it `ends` a young message: then the receipt tells it.
  void keep_ack(Receipt& receipt, const Delivery& delivery, bool ends);
  // A young message has ended: its receipt is written with this batch.
  void end_young(const Receipt& receipt);
  // True: the device certainly has no delivery of that message yet; spares looking for its row. False: look.
  [[nodiscard]] bool is_new_device(const Receipt& receipt, const UserAgentId& user_agent);
  // The device has a delivery of that message from now on.
  void note_device(const Receipt& receipt, const UserAgentId& user_agent);
  // A delivery was added to a young receipt.
  void count_young_delivery() { young_.count_delivery(); }
  // By value: the receipt that names it goes.
  void forget_receipt(MessageId id);
  // Becomes part of an index row, with the other messages that ended in this batch in the same second.
  void note_ended(const Receipt& receipt);

  // How many deliveries wait for a device. Rows of messages that ended while they had many devices count until they are
  // met, so this is an upper bound.
  [[nodiscard]] std::uint64_t pending_count(const UserAgentId& user_agent);
  void add_pending(const PendingKey& key, const PendingRecord& record);
  // It must be pending.
  void remove_pending(const PendingKey& key);
  // The one that is first to be dropped.
  [[nodiscard]] std::optional<PendingKey> first_pending(const UserAgentId& user_agent);
  // True: nothing waits for the device but what is young. False: look.
  [[nodiscard]] bool has_only_young_pending(const UserAgentId& user_agent);

  [[nodiscard]] DirectoryCache& directory() { return directory_; }
  // No part of a commit: a change here stands whether it succeeds or not.
  [[nodiscard]] ConnectedDevices& connected() { return connected_; }

  [[nodiscard]] YoungMessages& young() { return young_; }
  // Writes the rows of the oldest young messages, as far as they are due.
  void settle_due();
  // Writes the rows of all that have not ended; a commit must follow before anything else.
  void settle_all();

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  [[nodiscard]] std::optional<Error> take_failure() { return std::exchange(failure_, std::nullopt); }
  // There is something to commit.
  [[nodiscard]] bool has_changes() {
    return !changed_receipts_.empty() || !ended_young_.empty() || rows_.GetWriteBatch()->Count() > 0;
  }
  // Writes everything, or nothing and forgets it; the batch is empty after.
  [[nodiscard]] Status commit(bool sync);
  // Forgets the batch, and what is young: load() must follow.
  void discard();
  [[nodiscard]] bool is_loaded() const { return loaded_; }
  // Reads the young messages from their rows, as messages that no monitor has routed.
  [[nodiscard]] Status load();

 private:
  struct CachedReceipt {
    Receipt receipt;
    bool changed = false;
    // No device above it has a delivery. Empty: not known.
    std::optional<UserAgentId> highest{};
  };
  struct PendingCount {
    std::uint64_t count = 0;
    // No row of the device lies before this key: spares scans the deleted rows at the front.
    std::string first;
  };

  void fail_with(const Error& error);
  [[nodiscard]] std::optional<Receipt> load_receipt(const MessageId& id);
  [[nodiscard]] PendingCount& counted(const UserAgentId& user_agent);
  // True: what waits for the device is young and in no row.
  [[nodiscard]] bool is_held(const PendingKey& key);
  void put_unrouted(const std::string& key, const std::string& value);
  void put_expiry(const std::string& key, const std::string& value);
  void clear();
  [[nodiscard]] Status load_young(const MessageId& floor);
  [[nodiscard]] bool is_settled(std::string_view message_key);
  void load_one(const MessagePtr& message);
  void remove_ack_rows(const Receipt& receipt);
  void write_delivery_rows(Receipt& receipt, std::size_t most);
  // Answers how many rows it wrote.
  std::size_t settle(YoungMessage& young, std::size_t most);
  void write_receipts();
  void write_ended_young();
  void write_ended();
  void write_floor();

  Database& database_;
  const Limits limits_;
  const Clock& clock_;
  rocksdb::WriteBatchWithIndex rows_{rocksdb::BytewiseComparator(), 0, true};
  RowSorter sorter_;
  std::optional<Error> failure_;
  BatchTally tally_;

  // Survive the batch: what the store holds for lately used messages and devices.
  Floors floors_;
  GenerationCache<MessageId, CachedReceipt, IdHash> receipts_;
  GenerationCache<UserAgentId, PendingCount, IdHash> pending_counts_;

  // What has no rows yet, and since when the row of its floor stands.
  YoungMessages young_;
  bool loaded_ = false;
  MonoTime floor_written_;

  DirectoryCache directory_;
  ConnectedDevices connected_;

  std::vector<MessageId> changed_receipts_;
  std::vector<MessageId> ended_young_;
  std::vector<std::pair<WallTime, MessageId>> ended_;
};

}  // namespace herald::adapters
