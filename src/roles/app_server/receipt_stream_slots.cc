#include "roles/app_server/receipt_stream_slots.h"

#include <utility>

namespace herald::roles::app_server {

namespace {

using Counts = std::unordered_map<std::string, std::size_t>;

std::size_t count_of(const Counts& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

void lower(Counts& counts, const std::string& name) {
  const auto found = counts.find(name);
  if (--found->second == 0) counts.erase(found);
}

std::string name_of(const ReceiptId& receipt) {
  return std::string(receipt.view());
}

}  // namespace

ReceiptStreamSlots::Slot::Slot(std::shared_ptr<Taken> taken, std::string address, std::optional<ReceiptId> receipt)
    : taken_(std::move(taken)), address_(std::move(address)), receipt_(receipt) {}

ReceiptStreamSlots::Slot::~Slot() {
  if (!taken_) return;  // moved from
  const std::lock_guard lock(taken_->mutex);
  if (!receipt_) {
    lower(taken_->waiters_by_address, address_);
    return;
  }
  --taken_->streams;
  lower(taken_->streams_by_address, address_);
  lower(taken_->streams_by_receipt, name_of(*receipt_));
}

ReceiptStreamSlots::ReceiptStreamSlots(const Limits& limits)
    : process_most_(limits.receipt_streams_per_process),
      address_most_(limits.receipt_streams_per_address),
      receipt_most_(limits.receipt_streams_per_receipt),
      waiters_most_(limits.receipt_waiters_per_address),
      taken_(std::make_shared<Taken>()) {}

std::expected<ReceiptStreamSlots::Slot, ReceiptStreamSlots::Full> ReceiptStreamSlots::take(std::string_view address,
                                                                                           const ReceiptId& receipt) {
  const std::lock_guard lock(taken_->mutex);
  std::string from(address);
  if (count_of(taken_->streams_by_address, from) >= address_most_) return std::unexpected(Full::kAddress);
  if (count_of(taken_->streams_by_receipt, name_of(receipt)) >= receipt_most_) return std::unexpected(Full::kReceipt);
  if (taken_->streams >= process_most_) return std::unexpected(Full::kProcess);
  ++taken_->streams;
  ++taken_->streams_by_address[from];
  ++taken_->streams_by_receipt[name_of(receipt)];
  return Slot(taken_, std::move(from), receipt);
}

std::optional<ReceiptStreamSlots::Slot> ReceiptStreamSlots::wait(std::string_view address) {
  const std::lock_guard lock(taken_->mutex);
  std::string from(address);
  if (count_of(taken_->waiters_by_address, from) >= waiters_most_) return std::nullopt;
  ++taken_->waiters_by_address[from];
  return Slot(taken_, std::move(from), std::nullopt);
}

}  // namespace herald::roles::app_server
