#include "adapters/rocksdb/state/state.h"

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"

namespace herald::adapters {

namespace {

// About 400 bytes an entry, twice as many entries.
constexpr std::size_t kReceiptsCached = 32'768;
// About 150 bytes an entry, twice as many entries.
constexpr std::size_t kPendingCountsCached = 131'072;

}  // namespace

void State::roll_back(const Mark& mark) {
  while (undo_.size() > mark.undos) {
    const Undo last = std::move(undo_.back());
    undo_.pop_back();
    std::visit([this](const auto& change) { undo(change); }, last);
  }
  retired_.resize(mark.retired);
  ended_.resize(mark.ended);
  tally = mark.tally;
  if (floors_.raises() != mark.floor_raises) floors_ = {};
}

std::vector<State::Drop> State::drops_since(const Mark& mark) const {
  std::vector<Drop> drops;
  for (std::size_t i = mark.undos; i < undo_.size(); ++i) {
    const auto* changed = std::get_if<ChangedDelivery>(&undo_[i]);
    const auto* message = changed != nullptr ? in_flight_.find(changed->id) : nullptr;
    if (message == nullptr) continue;
    const Delivery& now = message->receipt.deliveries[changed->place];
    if (now.state == DeliveryState::kDropped) drops.push_back({changed->id, now});
  }
  return drops;
}

void State::forget_caches() {
  receipts_.clear();
  pending_.clear();
  directory_.forget_all();
  floors_ = {};
}

Receipt* State::find_receipt(const MessageId& id) {
  if (auto* in_flight = in_flight_.find(id)) return &in_flight->receipt;
  auto* cached = receipts_.find(id);
  return cached != nullptr ? &cached->receipt : nullptr;
}

InFlightMessage& State::in_flight(const MessageId& id) {
  auto* in_flight = in_flight_.find(id);
  HERALD_CHECK(in_flight != nullptr, "the message is not in flight");
  return *in_flight;
}

Receipt& State::insert_in_flight(const MessagePtr& message, MonoTime now) {
  undo_.emplace_back(InsertedMessage{message->id});
  return in_flight_.insert(message, now).receipt;
}

Receipt& State::learn_receipt(Receipt receipt, std::optional<UserAgentId> highest) {
  const MessageId id = receipt.id;
  return receipts_.insert(id, {std::move(receipt), highest}).receipt;
}

Receipt& State::insert_receipt(Receipt receipt, std::optional<UserAgentId> highest) {
  undo_.emplace_back(TouchedReceipt{receipt.id});
  return learn_receipt(std::move(receipt), highest);
}

void State::edit(Receipt& receipt) {
  if (!receipt.in_flight) {
    undo_.emplace_back(TouchedReceipt{receipt.id});
    return;
  }
  undo_.emplace_back(EditedMessage{receipt.id, receipt.end, receipt.ended_at, receipt.routed, receipt.recipients,
                                   receipt.acked, receipt.dropped, receipt.rows_written, receipt.ack_rows});
}

void State::set_delivery(Receipt& receipt, const Delivery& delivery) {
  auto& deliveries = receipt.deliveries;
  const auto it = std::ranges::lower_bound(deliveries, delivery.user_agent, {}, &Delivery::user_agent);
  const bool exists = it != deliveries.end() && it->user_agent == delivery.user_agent;
  const auto place = static_cast<std::size_t>(it - deliveries.begin());
  if (!receipt.in_flight) {
    undo_.emplace_back(TouchedReceipt{receipt.id});
    if (exists) {
      *it = delivery;
    } else {
      deliveries.insert(it, delivery);
    }
  } else if (exists) {
    undo_.emplace_back(ChangedDelivery{receipt.id, place, *it});
    *it = delivery;
  } else {
    undo_.emplace_back(InsertedDelivery{receipt.id, place});
    in_flight_.insert_delivery(in_flight(receipt.id), place, delivery);
  }
}

std::optional<UserAgentId>* State::highest_device(const MessageId& id) {
  auto* cached = receipts_.find(id);
  return cached != nullptr ? &cached->highest : nullptr;
}

void State::add_pending(const PendingKey& key) {
  undo_.emplace_back(AddedPending{key});
  in_flight_.add_pending(key);
}

void State::remove_pending(const PendingKey& key) {
  if (in_flight_.remove_pending(key)) undo_.emplace_back(RemovedPending{key});
}

State::PendingCount& State::learn_pending(const UserAgentId& user_agent, PendingCount count) {
  return pending_.insert(user_agent, std::move(count));
}

void State::connect(const UserAgentId& user_agent, const Location& location) {
  undo_.emplace_back(MovedDevice{user_agent, connected_.find(user_agent)});
  connected_.put(user_agent, location);
}

void State::disconnect(const UserAgentId& user_agent) {
  auto before = connected_.find(user_agent);
  if (!before) return;
  undo_.emplace_back(MovedDevice{user_agent, std::move(before)});
  connected_.erase(user_agent);
}

void State::drop_retired() {
  for (const auto& id : retired_) in_flight_.erase(id);
  retired_.clear();
  in_flight_.trim();
}

void State::spilled(const MessageId& id, std::size_t rows_written) {
  Receipt& receipt = in_flight(id).receipt;
  for (; receipt.rows_written < rows_written; ++receipt.rows_written) {
    const auto& delivery = receipt.deliveries[receipt.rows_written];
    if (is_final(delivery.state)) continue;
    const PendingKey key{delivery.user_agent, receipt.priority, id};
    in_flight_.remove_pending(key);
    auto* known = pending_.find(key.user_agent);
    if (known == nullptr) continue;
    if (auto row = pending_key(key); row < known->first) known->first = std::move(row);
  }
}

void State::spilled_whole(const MessageId& id) {
  const Receipt& receipt = in_flight(id).receipt;
  std::optional<UserAgentId> highest = UserAgentId{};
  if (!receipt.deliveries.empty()) highest = receipt.deliveries.back().user_agent;
  Receipt whole = stored_form(receipt);
  spilled(id, receipt.deliveries.size());
  in_flight_.erase(id);
  learn_receipt(std::move(whole), highest);
}

void State::rotate() {
  receipts_.rotate(kReceiptsCached);
  pending_.rotate(kPendingCountsCached);
  directory_.rotate();
}

void State::undo(const InsertedMessage& change) {
  in_flight_.erase(change.id);
}

void State::undo(const EditedMessage& change) {
  Receipt& receipt = in_flight(change.id).receipt;
  receipt.end = change.end;
  receipt.ended_at = change.ended_at;
  receipt.routed = change.routed;
  receipt.recipients = change.recipients;
  receipt.acked = change.acked;
  receipt.dropped = change.dropped;
  receipt.rows_written = change.rows_written;
  receipt.ack_rows = change.ack_rows;
}

void State::undo(const ChangedDelivery& change) {
  in_flight(change.id).receipt.deliveries[change.place] = change.before;
}

void State::undo(const InsertedDelivery& change) {
  in_flight_.erase_delivery(in_flight(change.id), change.place);
}

void State::undo(const AddedPending& change) {
  in_flight_.remove_pending(change.key);
}

void State::undo(const RemovedPending& change) {
  in_flight_.add_pending(change.key);
}

void State::undo(const MovedDevice& change) {
  if (change.before) {
    connected_.put(change.user_agent, *change.before);
  } else {
    connected_.erase(change.user_agent);
  }
}

void State::undo(const TouchedReceipt& change) {
  receipts_.erase(change.id);
}

void State::undo(const TouchedDevice& change) {
  if (!planted::is(planted::Fault::kCountFromFailedRead)) pending_.erase(change.user_agent);
  directory_.forget_node(change.user_agent);
}

void State::undo(const TouchedApp& change) {
  directory_.forget_devices(change.app);
}

}  // namespace herald::adapters
