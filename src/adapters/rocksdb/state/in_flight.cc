#include "adapters/rocksdb/state/in_flight.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/planted.h"

namespace herald::adapters {

namespace {

// A message with its places in the tables, without its texts.
constexpr std::size_t kMessageBytes = sizeof(InFlightMessage) + sizeof(Message) + 150;

[[nodiscard]] std::size_t text_bytes(const Message& message) {
  return message.body.size() + message.meta.size() + 2 * message.replace_key.size();
}

}  // namespace

InFlightMessage& InFlight::insert(MessagePtr message, MonoTime now) {
  const MessageId id = message->id;
  HERALD_CHECK(can_insert(id), "a message in flight is inserted out of order");
  last_ = id;
  order_.push_back(id);
  Receipt receipt = first_receipt(*message);
  receipt.in_flight = true;
  auto& inserted = messages_.insert(id, {std::move(message), std::move(receipt), now});
  bytes_ += bytes_of(inserted);
  return inserted;
}

void InFlight::pass_over(const MessageId& id) {
  if (can_insert(id)) last_ = id;
}

void InFlight::erase(const MessageId& id) {
  const auto erased = messages_.take(id);
  if (!erased) return;
  if (!planted::is(planted::Fault::kBytesStay) || erased->receipt.deliveries.empty()) bytes_ -= bytes_of(*erased);
  HERALD_CHECK(messages_.size() > 0 || bytes_ == 0, "no message is in flight, and its memory is counted");
}

void InFlight::trim() {
  while (!order_.empty() && find(order_.front()) == nullptr) order_.pop_front();
}

// Above the last one there may be nothing yet.
MessageId InFlight::floor() {
  trim();
  if (planted::is(planted::Fault::kFloorTooHigh)) return last_.value_or(MessageId{});
  return order_.empty() ? last_.value_or(MessageId{}) : order_.front();
}

std::size_t InFlight::bytes_of(const InFlightMessage& in_flight) {
  return kMessageBytes + text_bytes(*in_flight.message) + in_flight.receipt.deliveries.size() * kDeliveryBytes;
}

void InFlight::insert_delivery(InFlightMessage& in_flight, std::size_t place, const Delivery& delivery) {
  auto& deliveries = in_flight.receipt.deliveries;
  deliveries.insert(deliveries.begin() + static_cast<std::ptrdiff_t>(place), delivery);
  bytes_ += kDeliveryBytes;
}

void InFlight::erase_delivery(InFlightMessage& in_flight, std::size_t place) {
  auto& deliveries = in_flight.receipt.deliveries;
  deliveries.erase(deliveries.begin() + static_cast<std::ptrdiff_t>(place));
  bytes_ -= kDeliveryBytes;
}

void InFlight::add_pending(const PendingKey& key) {
  waiting_[key.user_agent].push_back({key.priority, key.message});
}

bool InFlight::remove_pending(const PendingKey& key) {
  const auto it = waiting_.find(key.user_agent);
  if (it == waiting_.end()) return false;
  auto& list = it->second;
  const auto found = std::ranges::find(list, key.message, &Waiting::message);
  if (found == list.end()) return false;
  *found = list.back();
  list.pop_back();
  if (list.empty()) waiting_.erase(it);
  return true;
}

std::size_t InFlight::pending_count(const UserAgentId& user_agent) const {
  const auto it = waiting_.find(user_agent);
  return it == waiting_.end() ? 0 : it->second.size();
}

std::vector<PendingKey> InFlight::pending_of(const UserAgentId& user_agent) const {
  std::vector<PendingKey> keys;
  const auto it = waiting_.find(user_agent);
  if (it == waiting_.end()) return keys;
  keys.reserve(it->second.size());
  for (const auto& waiting : it->second) keys.push_back({user_agent, waiting.priority, waiting.message});
  return keys;
}

std::optional<PendingKey> InFlight::first_pending(const UserAgentId& user_agent) const {
  const auto it = waiting_.find(user_agent);
  if (it == waiting_.end()) return std::nullopt;
  const auto first = std::ranges::min_element(it->second, [](const Waiting& a, const Waiting& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.message < b.message;
  });
  return PendingKey{user_agent, first->priority, first->message};
}

std::vector<MessagePtr> InFlight::waiting(const UserAgentId& user_agent, const std::optional<MessageId>& after,
                                          WallTime now) const {
  std::vector<MessagePtr> found;
  const auto it = waiting_.find(user_agent);
  if (it == waiting_.end()) return found;
  for (const auto& waiting : it->second) {
    if (after && waiting.message <= *after) continue;
    const auto* in_flight = find(waiting.message);
    if (in_flight == nullptr || is_final(in_flight->receipt.end)) continue;
    if (in_flight->message->transient || is_expired(*in_flight->message, now)) continue;
    found.push_back(in_flight->message);
  }
  std::ranges::sort(found, {}, [](const MessagePtr& message) { return message->id; });
  return found;
}

std::vector<ports::Unrouted> InFlight::unrouted(const std::optional<MessageId>& after, WallTime before,
                                                std::size_t limit) const {
  std::vector<ports::Unrouted> found;
  for (auto it = after ? std::ranges::upper_bound(order_, *after) : order_.begin(); it != order_.end(); ++it) {
    if (found.size() == limit) break;
    const auto* in_flight = find(*it);
    if (in_flight == nullptr || in_flight->receipt.routed || is_final(in_flight->receipt.end)) continue;
    if (in_flight->message->accepted_at < before) found.push_back({*it, in_flight->message->app});
  }
  return found;
}

std::vector<MessageId> InFlight::expired(WallTime now, std::size_t limit) const {
  std::vector<MessageId> found;
  for (const auto& id : order_) {
    if (found.size() == limit) break;
    const auto* in_flight = find(id);
    if (in_flight == nullptr || is_final(in_flight->receipt.end) || !is_expired(*in_flight->message, now)) continue;
    found.push_back(id);
  }
  return found;
}

}  // namespace herald::adapters
