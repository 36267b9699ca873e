#pragma once
// Everything the embedded store keeps in memory, and the undo log of what changed it. Deterministic: it reads no clock,
// no database and no randomness. Used by the committing thread only. Private to the adapter.
//
// Two kinds of content, with one rule each:
// - Truth that has no row (messages in flight, connected devices, what ended): every change is written to the undo log,
//   and roll_back() takes it back exactly.
// - Caches of rows (receipts, pending counts, devices, apps, scan floors): roll_back() forgets what the undone changes
//   touched, and the next reader asks the rows again. Nothing learned from a failed read is ever kept.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/rocksdb/cold/record_format.h"
#include "adapters/rocksdb/state/connected_devices.h"
#include "adapters/rocksdb/state/directory_cache.h"
#include "adapters/rocksdb/state/generation_cache.h"
#include "adapters/rocksdb/state/in_flight.h"
#include "adapters/rocksdb/state/scan_floor.h"

namespace herald::adapters {

// What the changes of one commit did, for the metrics.
struct Tally {
  std::array<std::uint64_t, 4> accepted{};  // by priority
  std::array<std::uint64_t, 7> ended{};     // messages, by DeliveryState
  std::uint64_t dropped_deliveries = 0;
};

class State {
 public:
  // A point that roll_back() returns to. Marks nest.
  struct Mark {
    std::size_t undos = 0;
    std::size_t retired = 0;
    std::size_t ended = 0;
    std::uint64_t floor_raises = 0;
    Tally tally;
  };
  [[nodiscard]] Mark mark() const { return {undo_.size(), retired_.size(), ended_.size(), floors_.raises(), tally}; }
  // What drops of deliveries in flight since the mark would be taken back: the message, and the delivery as it is now.
  struct Drop {
    MessageId message;
    Delivery delivery;
  };
  [[nodiscard]] std::vector<Drop> drops_since(const Mark& mark) const;
  // Takes back every change since the mark.
  void roll_back(const Mark& mark);
  // The changes so far stand: no mark that was taken before may be rolled back to.
  void keep() { undo_.clear(); }

  // Receipts of messages in flight and cached ones. Null: the rows decide.
  [[nodiscard]] Receipt* find_receipt(const MessageId& id);
  [[nodiscard]] const InFlight& in_flight() const { return in_flight_; }
  // A new message. The id must pass in_flight().can_insert().
  Receipt& insert_in_flight(const MessagePtr& message, MonoTime now);
  void pass_over(const MessageId& id) { in_flight_.pass_over(id); }
  // A receipt that was read from its row. `highest`: no device above it has a delivery; empty: not known.
  Receipt& learn_receipt(Receipt receipt, std::optional<UserAgentId> highest = {});
  // A receipt whose row the same operation writes.
  Receipt& insert_receipt(Receipt receipt, std::optional<UserAgentId> highest);
  void forget_receipt(const MessageId& id) { receipts_.erase(id); }
  // Must be called before an operation changes the receipt's own fields.
  void edit(Receipt& receipt);
  // Changes, or adds, a delivery in the receipt's own list.
  void set_delivery(Receipt& receipt, const Delivery& delivery);
  // Null: the receipt is not cached, or the device is not known.
  [[nodiscard]] std::optional<UserAgentId>* highest_device(const MessageId& id);

  // A message in flight has ended: its rows are in the commit that is being made. drop_retired() takes it out.
  void retire(const MessageId& id) { retired_.push_back(id); }
  // A message has ended, for the index of ends.
  void note_ended(WallTime at, const MessageId& id) { ended_.emplace_back(at, id); }
  [[nodiscard]] std::vector<std::pair<WallTime, MessageId>>& ended() { return ended_; }

  // What waits for a device and has no row.
  void add_pending(const PendingKey& key);
  void remove_pending(const PendingKey& key);
  // How many deliveries wait for a device, with and without rows.
  struct PendingCount {
    std::uint64_t count = 0;
    // No row of the device sorts below this key; lets scans skip tombstones.
    std::string first;
  };
  // Null: not known.
  [[nodiscard]] PendingCount* pending_count(const UserAgentId& user_agent) { return pending_.find(user_agent); }
  PendingCount& learn_pending(const UserAgentId& user_agent, PendingCount count);
  // To be called when an operation changes the count.
  void touch_pending(const UserAgentId& user_agent) { undo_.emplace_back(TouchedDevice{user_agent}); }

  [[nodiscard]] const ConnectedDevices& connected() const { return connected_; }
  void connect(const UserAgentId& user_agent, const Location& location);
  void disconnect(const UserAgentId& user_agent);

  [[nodiscard]] DirectoryCache& directory() { return directory_; }
  // To be called when an operation writes or removes the row.
  void touch_device(const UserAgentId& user_agent) { undo_.emplace_back(TouchedDevice{user_agent}); }
  void touch_app(const AppId& app) { undo_.emplace_back(TouchedApp{app}); }

  [[nodiscard]] ScanFloors& floors() { return floors_; }

  // After a commit.
  void drop_retired();
  // The first `most` deliveries have rows now.
  void spilled(const MessageId& id, std::size_t rows_written);
  // All of the message has rows; it becomes a cached receipt.
  void spilled_whole(const MessageId& id);
  // The database holds other rows than those that were read. References end.
  void forget_caches();
  // Forgets what was not asked for lately. References end.
  void rotate();

  // Of the messages in flight every one has an id of at least this.
  [[nodiscard]] MessageId floor() { return in_flight_.floor(); }

  Tally tally;

 private:
  struct CachedReceipt {
    Receipt receipt;
    std::optional<UserAgentId> highest;
  };

  // The undo log.
  struct InsertedMessage {
    MessageId id;
  };
  struct EditedMessage {  // the fields that operations change
    MessageId id;
    DeliveryState end;
    WallTime ended_at;
    bool routed;
    std::uint64_t recipients;
    std::uint64_t acked;
    std::uint64_t dropped;
    std::size_t rows_written;
    std::size_t ack_rows;
  };
  struct ChangedDelivery {
    MessageId id;
    std::size_t place;
    Delivery before;
  };
  struct InsertedDelivery {
    MessageId id;
    std::size_t place;
  };
  struct AddedPending {
    PendingKey key;
  };
  struct RemovedPending {
    PendingKey key;
  };
  struct MovedDevice {
    UserAgentId user_agent;
    std::optional<Location> before;
  };
  struct TouchedReceipt {
    MessageId id;
  };
  struct TouchedDevice {
    UserAgentId user_agent;
  };
  struct TouchedApp {
    AppId app;
  };
  using Undo = std::variant<InsertedMessage, EditedMessage, ChangedDelivery, InsertedDelivery, AddedPending,
                            RemovedPending, MovedDevice, TouchedReceipt, TouchedDevice, TouchedApp>;

  void undo(const InsertedMessage& change);
  void undo(const EditedMessage& change);
  void undo(const ChangedDelivery& change);
  void undo(const InsertedDelivery& change);
  void undo(const AddedPending& change);
  void undo(const RemovedPending& change);
  void undo(const MovedDevice& change);
  void undo(const TouchedReceipt& change);
  void undo(const TouchedDevice& change);
  void undo(const TouchedApp& change);
  [[nodiscard]] InFlightMessage& in_flight(const MessageId& id);

  InFlight in_flight_;
  ConnectedDevices connected_;
  std::vector<MessageId> retired_;
  std::vector<std::pair<WallTime, MessageId>> ended_;

  GenerationCache<MessageId, CachedReceipt, IdHash> receipts_;
  GenerationCache<UserAgentId, PendingCount, IdHash> pending_;
  DirectoryCache directory_;
  ScanFloors floors_;

  std::vector<Undo> undo_;
};

}  // namespace herald::adapters
