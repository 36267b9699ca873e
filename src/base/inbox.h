#pragma once
// Many producers, one consumer, no lock: producers push nodes on an atomic stack, the consumer takes the whole
// stack at once and turns it round. Order is kept per producer. The cost of a wake-up is the consumer's to arrange:
// push() tells whether the inbox was empty before.

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

namespace herald {

template <class T>
class Inbox {
 public:
  Inbox() = default;
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox() { take_all(); }

  // Any thread. True if the inbox was empty, that is, if the consumer must be woken.
  bool push(T value) {
    Node* head = head_.load(std::memory_order_relaxed);
    Node* node = new Node{std::move(value), head};
    while (!head_.compare_exchange_weak(head, node, std::memory_order_release, std::memory_order_relaxed)) {
      node->next = head;
    }
    // `node` is the consumer's from here on.
    return head == nullptr;
  }

  // The consumer's thread. Everything pushed so far, oldest first.
  std::vector<T> take_all() {
    Node* node = head_.exchange(nullptr, std::memory_order_acquire);
    std::vector<T> out;
    std::size_t count = 0;
    Node* reversed = nullptr;
    while (node != nullptr) {
      Node* next = node->next;
      node->next = reversed;
      reversed = node;
      node = next;
      ++count;
    }
    out.reserve(count);
    while (reversed != nullptr) {
      out.push_back(std::move(reversed->value));
      Node* next = reversed->next;
      delete reversed;
      reversed = next;
    }
    return out;
  }

  [[nodiscard]] bool empty() const { return head_.load(std::memory_order_acquire) == nullptr; }

 private:
  struct Node {
    T value;
    Node* next;
  };
  std::atomic<Node*> head_{nullptr};
};

}  // namespace herald
