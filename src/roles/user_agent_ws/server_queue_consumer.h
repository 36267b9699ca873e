#pragma once
// Takes what the monitor and other servers put on this server's queue, splits it by shard, and hands each shard one
// batch at a time.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "domain/ids.h"
#include "ports/message_queue.h"
#include "protocol/queue/envelope.h"

namespace herald::roles::user_agent_ws {

// What one queue batch holds for one shard, each kind in the order of the queue.
struct ShardBatch {
  std::vector<protocol::queue::TakenOver> taken_over;
  std::vector<protocol::queue::Deliver> announced;  // with this shard's targets only
  [[nodiscard]] bool empty() const { return taken_over.empty() && announced.empty(); }
};

// `take` runs on `executor`. Both outlive the consumer and its last task.
struct ShardSink {
  Executor* executor = nullptr;
  std::function<void(ShardBatch)> take;
};

class ServerQueueConsumer {
 public:
  // `shards[i]` is shard i. Reads on `executor`, where it must also be destroyed. `credit`: envelopes taken from the
  // queue that no shard has handled yet, at most. Targets on a shard that does not exist go to shard 0.
  ServerQueueConsumer(ports::MessageQueue& queue, ServerId server, std::size_t credit, Executor& executor,
                      std::vector<ShardSink> shards, Log& log, Metrics& metrics);

 private:
  void consume(ports::QueueBatch batch);
  void sort_in(std::string_view body, std::vector<ShardBatch>& by_shard);
  void sort_in(protocol::queue::Deliver envelope, std::vector<ShardBatch>& by_shard);

  std::vector<ShardSink> shards_;
  Log& log_;
  Counter& damaged_;
  std::unique_ptr<ports::Subscription> subscription_;
};

}  // namespace herald::roles::user_agent_ws
