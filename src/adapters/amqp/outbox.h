#pragma once
// What was published to one queue and the broker has not accepted yet, in order. Holds no socket: a sender link takes
// the next body, numbers its transfer, and reports what became of it; after a lost connection everything that was
// not accepted is next again.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "base/time.h"

namespace herald::adapters {

// Bytes that all outboxes together hold. Thread-safe.
class OutboxBudget {
 public:
  explicit OutboxBudget(std::size_t max_bytes) : max_(max_bytes) {}
  [[nodiscard]] bool reserve(std::size_t bytes) { return reserve(held_, bytes, max_); }
  void release(std::size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t held() const { return held_.load(std::memory_order_relaxed); }

  // Adds `more` to `counter` unless that would pass `most`.
  [[nodiscard]] static bool reserve(std::atomic<std::size_t>& counter, std::size_t more, std::size_t most);

 private:
  const std::size_t max_;
  std::atomic<std::size_t> held_{0};
};

// One call of publish().
struct Publication {
  std::vector<std::string> bodies;
  Reply<Status> reply;
  MonoTime since;
};

class Outbox {
 public:
  // `budget` must outlive it.
  Outbox(std::string queue, std::size_t max_messages, OutboxBudget& budget)
      : queue_(std::move(queue)), max_messages_(max_messages), budget_(budget) {}

  [[nodiscard]] const std::string& queue() const { return queue_; }

  // Any thread. Takes room for these bodies; false, and no room taken, if that would pass a bound. Room is given back
  // when they are accepted, refused or given up.
  [[nodiscard]] bool reserve(const std::vector<std::string>& bodies);
  // Any thread: bodies with room taken.
  [[nodiscard]] std::size_t unaccepted() const { return unaccepted_.load(std::memory_order_relaxed); }

  // The rest on the broker's thread.

  // Appends what room was reserved for.
  void add(Publication publication);

  // The next body to be sent; null if all are under way. Valid until the next call.
  [[nodiscard]] const std::string* next() const;
  // The body of next() goes out under the number that this answers.
  std::uint64_t sent();

  // What the broker said of transfer `number`; one that was given up meanwhile is ignored. A publication is answered
  // when its last body is accepted, or with the first error.
  void accepted(std::uint64_t number);
  void refused(std::uint64_t number, const Error& error);

  // The link is gone: everything not accepted is to be sent again, under new numbers. Answers how many of them had been
  // sent.
  std::size_t rewind();
  // Gives up what was published before `before` and answers its publications with `error`. Bodies under way may have
  // reached the broker all the same.
  void give_up(MonoTime before, const Error& error);

 private:
  struct Open {
    Reply<Status> reply;  // empty once answered
    MonoTime since;
    std::size_t unaccepted = 0;
  };
  struct Entry {
    std::string body;
    std::shared_ptr<Open> publication;  // null: settled or given up
  };

  Entry* find(std::uint64_t number);
  void drop(Entry& entry);
  void trim();

  const std::string queue_;
  const std::size_t max_messages_;
  OutboxBudget& budget_;
  std::atomic<std::size_t> unaccepted_{0};

  std::deque<Entry> entries_;
  std::uint64_t first_ = 0;  // the number of entries_.front()
  std::size_t sent_ = 0;     // so many at the front are under way
};

}  // namespace herald::adapters
