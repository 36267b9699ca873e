#pragma once
// An inbox whose consumer sleeps while it is empty. Producers take no lock, and enter the kernel only to wake a
// consumer that found nothing.

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/inbox.h"

namespace herald::adapters {

template <class T>
class Mailbox {
 public:
  // Any thread.
  void push(T value) {
    if (inbox_.push(std::move(value))) wake();
  }
  // Ends the consumer's waiting. Any thread.
  void close() {
    closed_.store(true, std::memory_order_release);
    wake();
  }
  [[nodiscard]] bool is_closed() const { return closed_.load(std::memory_order_acquire); }
  // The consumer's thread: nothing to take.
  [[nodiscard]] bool empty() const { return inbox_.empty(); }
  // The consumer's thread: what was pushed until now, in order.
  [[nodiscard]] std::vector<T> take() { return inbox_.take_all(); }
  // The same, waiting for something if need be. Empty: closed and all taken.
  [[nodiscard]] std::vector<T> wait() {
    while (true) {
      const auto seen = wakes_.load(std::memory_order_acquire);
      const bool closed = closed_.load(std::memory_order_acquire);
      auto values = inbox_.take_all();
      if (!values.empty() || closed) return values;
      wakes_.wait(seen, std::memory_order_acquire);
    }
  }

 private:
  void wake() {
    wakes_.fetch_add(1, std::memory_order_release);
    wakes_.notify_one();
  }

  Inbox<T> inbox_;
  std::atomic<std::uint32_t> wakes_{0};
  std::atomic<bool> closed_{false};
};

}  // namespace herald::adapters
