#include <algorithm>

#include "adapters/rocksdb/cold/reads.h"
#include "adapters/rocksdb/cold/row_reader.h"
#include "adapters/rocksdb/state/receipt_state.h"

namespace herald::adapters {

namespace {

[[nodiscard]] Result<std::vector<MessagePtr>> fetch(const RowReader& rows, const std::vector<MessageId>& ids,
                                                    WallTime now) {
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const auto& id : ids) keys.emplace_back(id.view());
  auto values = rows.get_all(Family::kMessages, keys);
  if (!values) return std::unexpected(values.error());
  std::vector<MessagePtr> messages(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!(*values)[i]) continue;
    auto message = decode_message(ids[i], *(*values)[i]);
    if (!message) {
      rows.skip(Family::kMessages, keys[i], message.error().message);
      continue;
    }
    if (!is_expired(*message, now)) messages[i] = std::make_shared<const Message>(std::move(*message));
  }
  return messages;
}

[[nodiscard]] Result<std::optional<Receipt>> find_receipt(const RowReader& rows, const MessageId& id) {
  const auto stored = rows.get(Family::kReceipts, id.view());
  if (!stored) return std::unexpected(stored.error());
  if (*stored) return decode_receipt(id, **stored);
  const auto message = rows.get(Family::kMessages, id.view());
  if (!message) return std::unexpected(message.error());
  if (!*message) return std::nullopt;
  return first_receipt(id, **message);
}

// The next ids that wait for a device after `after`, oldest first, at most `limit`, and no expired ones. Its rows lie
// beside each other, by priority and then by age: most devices are done with one step.
[[nodiscard]] Result<std::vector<MessageId>> waiting_ids(const RowReader& rows, const UserAgentId& user_agent,
                                                         const std::optional<MessageId>& after, std::size_t limit,
                                                         WallTime now) {
  std::vector<MessageId> ids;
  std::optional<Priority> lane;
  std::size_t taken_of_lane = 0;
  const auto visited = rows.leap(
      Family::kPending, user_agent.view(), [&](std::string_view key, std::string_view value) -> Result<std::string> {
        const auto waiting = decode_pending_key(key);
        const auto record = decode_pending(value);
        if (!waiting || !record) {
          rows.skip(Family::kPending, key, waiting ? record.error().message : waiting.error().message);
          return std::string();
        }
        if (lane != waiting->priority) taken_of_lane = 0;
        lane = waiting->priority;
        if (after && waiting->message <= *after) return pending_key({user_agent, *lane, *after}).append(1, '\0');
        if (now >= record->expires_at) return std::string();
        ids.push_back(waiting->message);
        return ++taken_of_lane < limit ? std::string() : end_of_prefix(pending_lane(user_agent, *lane));
      });
  if (!visited) return std::unexpected(visited.error());
  std::ranges::sort(ids);
  if (ids.size() > limit) ids.resize(limit);
  return ids;
}

[[nodiscard]] Result<ports::DeliveryPage> page_of_rows(const RowReader& rows, const Receipt& receipt,
                                                       std::optional<UserAgentId> after, std::size_t limit,
                                                       WallTime now) {
  ports::DeliveryPage page;
  const auto prefix = receipt.id.view();
  const std::string from = after ? delivery_key(receipt.id, *after).append(1, '\0') : std::string(prefix);
  const auto scanned =
      rows.scan(Family::kDeliveries, prefix, from, [&](std::string_view key, std::string_view value) -> Result<bool> {
        page.more = page.deliveries.size() == limit;
        if (page.more) return false;
        const auto delivery = decode_delivery(key, value);
        if (!delivery) {
          rows.skip(Family::kDeliveries, key, delivery.error().message);
          return true;
        }
        page.deliveries.push_back(delivery_at(receipt, *delivery, now));
        return true;
      });
  if (!scanned) return std::unexpected(scanned.error());
  return page;
}

[[nodiscard]] ports::DeliveryPage page_of_inline(const Receipt& receipt, std::optional<UserAgentId> after,
                                                 std::size_t limit, WallTime now) {
  ports::DeliveryPage page;
  for (const auto& delivery : receipt.deliveries) {
    if (after && delivery.user_agent <= *after) continue;
    page.more = page.deliveries.size() == limit;
    if (page.more) break;
    page.deliveries.push_back(delivery_at(receipt, delivery, now));
  }
  return page;
}

}  // namespace

Result<std::vector<MessagePtr>> fetch_messages(const RowReader& rows, const std::vector<MessageId>& ids, WallTime now) {
  return fetch(rows, ids, now);
}

Result<ports::DeliveryPage> read_deliveries(const RowReader& rows, const MessageId& message,
                                            std::optional<UserAgentId> after, std::size_t limit, WallTime now) {
  const auto receipt = find_receipt(rows, message);
  if (!receipt) return std::unexpected(receipt.error());
  if (!*receipt) return ports::DeliveryPage{};
  if (!(*receipt)->spilled) return page_of_inline(**receipt, after, limit, now);
  return page_of_rows(rows, **receipt, after, limit, now);
}

Result<ports::PendingPage> read_pending(const RowReader& rows, const UserAgentId& user_agent,
                                        std::optional<MessageId> after, std::size_t limit, WallTime now) {
  ports::PendingPage page;
  while (true) {
    const auto ids = waiting_ids(rows, user_agent, after, limit + 1, now);
    if (!ids) return std::unexpected(ids.error());
    auto messages = fetch(rows, *ids, now);
    if (!messages) return std::unexpected(messages.error());
    for (auto& message : *messages) {
      if (message == nullptr || message->transient) continue;
      page.more = page.messages.size() == limit;
      if (page.more) return page;
      page.messages.push_back(std::move(message));
    }
    if (ids->size() <= limit) return page;
    after = ids->back();
  }
}

}  // namespace herald::adapters
