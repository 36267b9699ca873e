#pragma once
// What the queue contracts need from an adapter, and the consumer they watch it with.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/contract/waiting_executor.h"
#include "ports/message_queue.h"

namespace herald::ports::contract {

using Bodies = std::vector<std::string>;

// An adapter under test.
class QueueFixture {
 public:
  virtual ~QueueFixture() = default;
  [[nodiscard]] virtual MessageQueue& queue() = 0;
  // Returns when everything published and settled so far has had its effect on every executor's backlog: a broker's
  // round trip; nothing in one process.
  virtual void settle() {}
};

struct QueueAdapter {
  std::string name;
  std::function<std::unique_ptr<QueueFixture>()> make;
};

inline Bodies numbered(const std::string& prefix, std::size_t first, std::size_t count) {
  Bodies bodies;
  for (std::size_t i = 0; i < count; ++i) bodies.push_back(prefix + std::to_string(first + i));
  return bodies;
}

// A consumer that keeps what it is given. Settles at once unless `holding`.
struct Recorder {
  bool holding = false;
  Bodies bodies;
  std::vector<QueueBatch> held;

  std::function<void(QueueBatch)> consumer() {
    return [this](QueueBatch batch) {
      bodies.insert(bodies.end(), batch.bodies.begin(), batch.bodies.end());
      if (holding) {
        held.push_back(std::move(batch));
      } else {
        batch.done();
      }
    };
  }
  [[nodiscard]] std::size_t unsettled() const {
    std::size_t count = 0;
    for (const auto& batch : held) count += batch.bodies.size();
    return count;
  }
};

class QueueContract : public testing::TestWithParam<QueueAdapter> {
 protected:
  MessageQueue& queue() { return fixture_->queue(); }

  // Publishes and waits for the answer.
  Status publish(const std::string& name, Bodies bodies) {
    std::optional<Status> answer;
    queue().publish(name, std::move(bodies), Reply<Status>(executor_, [&](Status status) { answer = status; }));
    if (!executor_.run_until([&] { return answer.has_value(); })) return fail(ErrorKind::kInternal, "no answer");
    return *answer;
  }

  std::unique_ptr<Subscription> subscribe(const std::string& name, std::size_t credit, Recorder& recorder) {
    return queue().subscribe(name, credit, executor_, recorder.consumer());
  }

  [[nodiscard]] bool arrives(const Recorder& recorder, std::size_t count) {
    return executor_.run_until([&] { return recorder.bodies.size() >= count; });
  }

  // Runs everything that can happen without a new event.
  void come_to_rest() {
    fixture_->settle();
    while (executor_.run_ready() > 0) fixture_->settle();
  }

  WaitingExecutor executor_;
  std::unique_ptr<QueueFixture> fixture_ = GetParam().make();
};

}  // namespace herald::ports::contract
