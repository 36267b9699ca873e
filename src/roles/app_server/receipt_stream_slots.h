#pragma once
// How many receipt streams are open in the process, all its loops together.

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

namespace herald::roles::app_server {

// Any thread.
class ReceiptStreamSlots {
 public:
  explicit ReceiptStreamSlots(std::size_t most) : most_(most) {}

  // The place of one stream; it is free again when this is destroyed.
  class Slot {
   public:
    explicit Slot(std::atomic<std::size_t>& taken) : taken_(&taken) {}

   private:
    struct Free {
      void operator()(std::atomic<std::size_t>* taken) const { taken->fetch_sub(1, std::memory_order_relaxed); }
    };
    std::unique_ptr<std::atomic<std::size_t>, Free> taken_;
  };
  // nullopt: all are taken. The slots must outlive it.
  [[nodiscard]] std::optional<Slot> take() {
    if (taken_.fetch_add(1, std::memory_order_relaxed) < most_) return Slot(taken_);
    taken_.fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }

 private:
  std::size_t most_;
  std::atomic<std::size_t> taken_{0};
};

}  // namespace herald::roles::app_server
