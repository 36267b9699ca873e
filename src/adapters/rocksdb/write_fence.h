#pragma once
// Keeps a thread's reads behind the changes it asked for before them, answered or not, although other threads carry
// them out. Each thread's place in the queue of changes is remembered; a read waits until that place was applied.

#include <array>
#include <atomic>
#include <cstdint>

namespace herald::adapters {

class WriteFence {
 public:
  // Before and after a change is queued, by the thread that asks for it. The change's place is at most the number
  // counted here, since whatever stands before it in the queue was counted earlier.
  void count_one() { queued_.fetch_add(1, std::memory_order_relaxed); }
  void remember_place() {
    auto& place = places_[slot()];
    const auto now = queued_.load(std::memory_order_relaxed);
    auto before = place.load(std::memory_order_relaxed);
    while (before < now && !place.compare_exchange_weak(before, now, std::memory_order_relaxed)) {
    }
  }
  // What a read asked for now by this thread has to wait for.
  [[nodiscard]] std::uint64_t place() const { return places_[slot()].load(std::memory_order_relaxed); }

  // The committing thread, after so many changes were applied or refused.
  void applied(std::uint64_t count) {
    applied_.fetch_add(count, std::memory_order_release);
    applied_.notify_all();
  }
  [[nodiscard]] bool has_applied(std::uint64_t place) const {
    return applied_.load(std::memory_order_acquire) >= place;
  }
  void wait_for(std::uint64_t place) const {
    for (auto done = applied_.load(std::memory_order_acquire); done < place;
         done = applied_.load(std::memory_order_acquire)) {
      applied_.wait(done, std::memory_order_acquire);
    }
  }

  // A small number for the calling thread; threads may share one.
  [[nodiscard]] static std::size_t slot() {
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kSlots;
    return mine;
  }

 private:
  static constexpr std::size_t kSlots = 64;

  std::atomic<std::uint64_t> queued_{0};
  std::atomic<std::uint64_t> applied_{0};
  std::array<std::atomic<std::uint64_t>, kSlots> places_{};
};

}  // namespace herald::adapters
