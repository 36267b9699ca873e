#include "adapters/rocksdb/writes.h"

namespace herald::adapters {

Result<std::uint64_t> forget_receipt_messages(Batch& batch, const ReceiptId& receipt, std::size_t limit) {
  std::vector<std::string> keys;
  const std::string prefix(receipt.view());
  batch.scan(Family::kReceiptMessages, prefix, prefix, [&](std::string_view key, std::string_view) {
    if (keys.size() == limit) return false;
    keys.emplace_back(key);
    return true;
  });
  for (const auto& key : keys) batch.remove(Family::kReceiptMessages, key);
  return keys.size();
}

}  // namespace herald::adapters
