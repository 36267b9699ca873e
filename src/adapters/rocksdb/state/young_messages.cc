#include "adapters/rocksdb/state/young_messages.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace herald::adapters {

namespace {

// A message with its places in the tables, without its texts.
constexpr std::size_t kMessageBytes = sizeof(YoungMessage) + sizeof(Message) + 150;

[[nodiscard]] std::size_t text_bytes(const Message& message) {
  return message.body.size() + message.meta.size() + 2 * message.replace_key.size();
}

}  // namespace

YoungMessage* YoungMessages::find(const MessageId& id) {
  return messages_.find(id);
}

YoungMessage& YoungMessages::insert(MessagePtr message, MonoTime now) {
  const MessageId id = message->id;
  HERALD_CHECK(can_insert(id), "a young message is inserted out of order");
  last_ = id;
  order_.push_back(id);
  text_bytes_ += text_bytes(*message);
  Receipt receipt = first_receipt(*message);
  receipt.young = true;
  return messages_.insert(id, {std::move(message), std::move(receipt), now});
}

void YoungMessages::pass_over(const MessageId& id) {
  if (can_insert(id)) last_ = id;
}

void YoungMessages::erase(const MessageId& id) {
  const auto young = messages_.take(id);
  if (!young) return;
  text_bytes_ -= text_bytes(*young->message);
  deliveries_ -= young->receipt.deliveries.size();
}

void YoungMessages::clear() {
  *this = {};
}

YoungMessage* YoungMessages::oldest() {
  while (!order_.empty()) {
    if (auto* young = find(order_.front())) return young;
    order_.pop_front();
  }
  return nullptr;
}

// Above the last one there may be nothing yet.
MessageId YoungMessages::floor() {
  if (const auto* young = oldest()) return young->receipt.id;
  return last_.value_or(MessageId{});
}

std::size_t YoungMessages::bytes() const {
  return messages_.size() * kMessageBytes + deliveries_ * kDeliveryBytes + text_bytes_;
}

void YoungMessages::add_pending(const PendingKey& key) {
  waiting_[key.user_agent].push_back({key.priority, key.message});
}

void YoungMessages::remove_pending(const PendingKey& key) {
  const auto it = waiting_.find(key.user_agent);
  if (it == waiting_.end()) return;
  auto& list = it->second;
  const auto found = std::ranges::find(list, key.message, &Waiting::message);
  if (found == list.end()) return;
  *found = list.back();
  list.pop_back();
  if (list.empty()) waiting_.erase(it);
}

std::size_t YoungMessages::pending_count(const UserAgentId& user_agent) const {
  const auto it = waiting_.find(user_agent);
  return it == waiting_.end() ? 0 : it->second.size();
}

std::vector<PendingKey> YoungMessages::pending_of(const UserAgentId& user_agent) const {
  std::vector<PendingKey> keys;
  const auto it = waiting_.find(user_agent);
  if (it == waiting_.end()) return keys;
  keys.reserve(it->second.size());
  for (const auto& waiting : it->second) keys.push_back({user_agent, waiting.priority, waiting.message});
  return keys;
}

std::optional<PendingKey> YoungMessages::first_pending(const UserAgentId& user_agent) const {
  const auto it = waiting_.find(user_agent);
  if (it == waiting_.end()) return std::nullopt;
  const auto first = std::ranges::min_element(it->second, [](const Waiting& a, const Waiting& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.message < b.message;
  });
  return PendingKey{user_agent, first->priority, first->message};
}

std::vector<MessagePtr> YoungMessages::waiting(const UserAgentId& user_agent, const std::optional<MessageId>& after,
                                               WallTime now) {
  std::vector<MessagePtr> found;
  const auto it = waiting_.find(user_agent);
  if (it == waiting_.end()) return found;
  for (const auto& waiting : it->second) {
    if (after && waiting.message <= *after) continue;
    const auto* young = find(waiting.message);
    if (young == nullptr || young->message->transient || is_expired(*young->message, now)) continue;
    found.push_back(young->message);
  }
  std::ranges::sort(found, {}, [](const MessagePtr& message) { return message->id; });
  return found;
}

std::vector<ports::Unrouted> YoungMessages::unrouted(const std::optional<MessageId>& after, WallTime before,
                                                     std::size_t limit) {
  std::vector<ports::Unrouted> found;
  for (auto it = after ? std::ranges::upper_bound(order_, *after) : order_.begin(); it != order_.end(); ++it) {
    if (found.size() == limit) break;
    const auto* young = find(*it);
    if (young == nullptr || young->receipt.routed || is_final(young->receipt.end)) continue;
    if (young->message->accepted_at < before) found.push_back({*it, young->message->app});
  }
  return found;
}

std::vector<MessageId> YoungMessages::expired(WallTime now, std::size_t limit) {
  std::vector<MessageId> found;
  for (const auto& id : order_) {
    if (found.size() == limit) break;
    const auto* young = find(id);
    if (young == nullptr || is_final(young->receipt.end) || !is_expired(*young->message, now)) continue;
    found.push_back(id);
  }
  return found;
}

}  // namespace herald::adapters
