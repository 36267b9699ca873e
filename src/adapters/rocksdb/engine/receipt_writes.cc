#include "adapters/rocksdb/engine/writes.h"
#include "adapters/rocksdb/state/receipt_state.h"

namespace herald::adapters {

Result<std::uint64_t> forget_receipt_messages(Transaction& txn, const ReceiptId& receipt, std::size_t limit) {
  std::vector<std::string> keys;
  const std::string prefix(receipt.view());
  txn.rows().scan(Family::kReceiptMessages, prefix, prefix, [&](std::string_view key, std::string_view) {
    if (keys.size() == limit) return false;
    keys.emplace_back(key);
    return true;
  });
  for (const auto& key : keys) txn.rows().remove(Family::kReceiptMessages, key);
  return keys.size();
}

Result<ports::ReceiptPage> page_of_receipt(Transaction& txn, const ReceiptId& receipt, std::optional<MessageId> after,
                                           std::size_t limit, WallTime now) {
  ports::ReceiptPage page;
  const std::string prefix(receipt.view());
  const std::string from = after ? receipt_message_key(receipt, *after).append(1, '\0') : prefix;
  txn.rows().scan(Family::kReceiptMessages, prefix, from, [&](std::string_view key, std::string_view) {
    page.more = page.messages.size() == limit;
    if (page.more) return false;
    const auto id = txn.rows().good(last_id<MessageId>(key));
    if (!id) return true;
    if (const Receipt* found = txn.receipt(*id)) page.messages.push_back(status_at(*found, now));
    return true;
  });
  return page;
}

}  // namespace herald::adapters
