#pragma once
// Who holds streams of receipt subscriptions, and who waits for a change of one: bounded for the process, for a
// sender's address and for a receipt subscription, all loops together.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "domain/ids.h"

namespace herald::roles::app_server {

// Any thread.
class ReceiptStreamSlots {
  struct Taken;

 public:
  explicit ReceiptStreamSlots(const Limits& limits);

  // A place; it is free again when this is destroyed, which may be after the slots are gone.
  class Slot {
   public:
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&& other) noexcept {
      std::swap(taken_, other.taken_);
      std::swap(address_, other.address_);
      std::swap(receipt_, other.receipt_);
      return *this;
    }
    ~Slot();

   private:
    friend class ReceiptStreamSlots;
    Slot(std::shared_ptr<Taken> taken, std::string address, std::optional<ReceiptId> receipt);

    std::shared_ptr<Taken> taken_;
    std::string address_;
    std::optional<ReceiptId> receipt_;  // none: a waiter
  };
  // Which limit would be passed.
  enum class Full : std::uint8_t { kProcess, kAddress, kReceipt };

  // A place of a stream. `address` names the sender's client network.
  [[nodiscard]] std::expected<Slot, Full> take(std::string_view address, const ReceiptId& receipt);
  // A place of a GET that waits; nullopt: the address has receipt_waiters_per_address.
  [[nodiscard]] std::optional<Slot> wait(std::string_view address);

 private:
  using Counts = std::unordered_map<std::string, std::size_t>;
  struct Taken {
    std::mutex mutex;
    std::size_t streams = 0;
    Counts streams_by_address;
    Counts streams_by_receipt;
    Counts waiters_by_address;
  };

  const std::size_t process_most_;
  const std::size_t address_most_;
  const std::size_t receipt_most_;
  const std::size_t waiters_most_;
  std::shared_ptr<Taken> taken_;
};

}  // namespace herald::roles::app_server
