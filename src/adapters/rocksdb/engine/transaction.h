#pragma once
// The view of the store that operations read and change: memory (state/) and rows together. It holds what is changed
// and not committed yet. Used by the committing thread only. Private to the adapter.
//
// Scopes nest two deep. Each operation has one: when it fails, everything it changed is taken back, in memory and in
// the rows. Synced operations share an outer scope with the commit that follows: when that fails, all of them are taken
// back, and what was answered before them stays, to be written by a later commit.
//
// Invariant: an answered change is in the database, or in the rows and the memory of this transaction. It is never
// taken back while the process lives.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/rocksdb/cold/record_format.h"
#include "adapters/rocksdb/engine/rows.h"
#include "adapters/rocksdb/state/state.h"
#include "base/limits.h"
#include "base/time.h"

namespace herald::adapters {

class Transaction {
 public:
  // The references must outlive it.
  Transaction(Database& database, const Limits& limits, const Clock& clock)
      : rows_(database), limits_(limits), clock_(clock) {}

  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] WallTime now() const { return clock_.wall(); }
  [[nodiscard]] MonoTime mono() const { return clock_.mono(); }
  [[nodiscard]] State& state() { return state_; }
  [[nodiscard]] Rows& rows() { return rows_; }
  [[nodiscard]] Tally& tally() { return state_.tally; }
  // The messages that were stored since the last commit.
  [[nodiscard]] const std::vector<MessagePtr>& accepted() const { return accepted_; }
  // After a commit: all of it is in the database.
  void finish_commit();

  // Scopes.
  struct Mark {
    State::Mark state;
    std::uint32_t rows = 0;
    std::size_t accepted = 0;
  };
  [[nodiscard]] Mark begin();
  // The operation under way has changed rows, or will.
  [[nodiscard]] bool has_rows_since(const Mark& mark) { return rows_.size() > mark.rows || !changed_.empty(); }
  void roll_back(const Mark& mark);
  // The scope's changes join the scope around it; without one they stand.
  void keep(bool outermost);
  // Ends an operation: writes the rows of the receipts that it changed, then keeps it, or rolls it back if a read had
  // failed. Answers that failure.
  [[nodiscard]] Status end_operation(const Mark& mark, bool outermost);

  // Receipts; null: no such message. Call edit() before changing one, and set_delivery() for its deliveries.
  [[nodiscard]] Receipt* receipt(const MessageId& id);
  // Reads the receipts of these messages together, as far as they are not known; receipt() then finds them.
  void read_ahead(std::vector<MessageId> ids);
  // The receipt of a message that is stored now; in flight unless its id forbids it.
  Receipt& new_receipt(const MessagePtr& message);
  void edit(Receipt& receipt);
  // In the receipt's own list, or as a row of its own.
  void set_delivery(Receipt& receipt, const Delivery& delivery);
  [[nodiscard]] std::optional<Delivery> delivery(const Receipt& receipt, const UserAgentId& user_agent);
  // The rows of the indexes of a message that has not ended and is not in flight.
  void write_indexes(const Receipt& receipt);
  // The ack that `delivery` has got survives a crash, unless it `ends` a message in flight: then the receipt shows it.
  void keep_ack(Receipt& receipt, const Delivery& delivery, bool ends);
  // True: the device certainly has no delivery of that message yet; saves a look at its row. False: look.
  [[nodiscard]] bool is_new_device(const Receipt& receipt, const UserAgentId& user_agent);
  // The device has a delivery of that message from now on.
  void note_device(const Receipt& receipt, const UserAgentId& user_agent);
  // By value: the receipt that names it goes.
  void forget_receipt(MessageId id);

  // How many deliveries wait for a device. Rows of messages that ended while they had many devices count until they are
  // met, so this is an upper bound.
  [[nodiscard]] std::uint64_t pending_count(const UserAgentId& user_agent);
  void add_pending(const PendingKey& key, const PendingRecord& record);
  // It must be pending.
  void remove_pending(const PendingKey& key);
  // The one that is first to be dropped.
  [[nodiscard]] std::optional<PendingKey> first_pending(const UserAgentId& user_agent);
  // False: whatever waits for the device is in the database.
  [[nodiscard]] bool may_have_unwritten_pending(const UserAgentId& user_agent);
  // True: only messages in flight wait for the device. False: look.
  [[nodiscard]] bool waits_only_in_flight(const UserAgentId& user_agent);

 private:
  [[nodiscard]] std::optional<Receipt> load_receipt(const MessageId& id);
  // Null: a read failed.
  [[nodiscard]] State::PendingCount* counted(const UserAgentId& user_agent);
  // True: what waits for the device is in flight and in no row.
  [[nodiscard]] bool has_no_row(const PendingKey& key);
  void put_delivery_row(const Receipt& receipt, const Delivery& delivery);
  void give_rows_of_their_own(Receipt& receipt);
  void write_changed();
  void write_ended_in_flight(const Receipt& receipt);
  void clear_changed();

  State state_;
  Rows rows_;
  const Limits limits_;
  const Clock& clock_;
  std::vector<MessagePtr> accepted_;
  std::vector<MessageId> changed_;  // receipts that the operation under way has changed
  // The memory lost cached receipts whose rows are not in the database yet.
  bool rolled_back_ = false;
};

}  // namespace herald::adapters
