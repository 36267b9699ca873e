#include "roles/user_agent_ws/server_queue_consumer.h"

#include <utility>
#include <variant>

namespace herald::roles::user_agent_ws {

ServerQueueConsumer::ServerQueueConsumer(ports::MessageQueue& queue, ServerId server, std::size_t credit,
                                         Executor& executor, std::vector<ShardSink> shards, Log& log, Metrics& metrics)
    : shards_(std::move(shards)),
      log_(log),
      damaged_(metrics.counter("herald_queue_envelopes_unreadable_total",
                               "Envelopes on a queue that this program could not read.", {})),
      subscription_(queue.subscribe(std::move(server), credit, executor,
                                    [this](ports::QueueBatch batch) { consume(std::move(batch)); })) {}

void ServerQueueConsumer::consume(ports::QueueBatch batch) {
  std::vector<ShardBatch> by_shard(shards_.size());
  for (const std::string& body : batch.bodies) sort_in(body, by_shard);

  // The batch is settled when the last shard has handled its share.
  const std::shared_ptr<ports::QueueBatch> settle(new ports::QueueBatch(std::move(batch)), [](ports::QueueBatch* of) {
    if (of->done) of->done();
    delete of;
  });
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    if (by_shard[shard].empty()) continue;
    shards_[shard].executor->post(
        [take = shards_[shard].take, share = std::move(by_shard[shard]), settle]() mutable { take(std::move(share)); });
  }
}

void ServerQueueConsumer::sort_in(std::string_view body, std::vector<ShardBatch>& by_shard) {
  auto envelope = protocol::queue::decode_for_server(body);
  if (!envelope) {
    damaged_.add();
    log_.warning("unreadable envelope", {{"reason", std::string_view(envelope.error().message)}});
    return;
  }
  if (const auto* notice = std::get_if<protocol::queue::TakenOver>(&*envelope)) {
    if (notice->shard < by_shard.size()) by_shard[notice->shard].taken_over.push_back(*notice);
    return;
  }
  sort_in(std::move(std::get<protocol::queue::Deliver>(*envelope)), by_shard);
}

void ServerQueueConsumer::sort_in(protocol::queue::Deliver envelope, std::vector<ShardBatch>& by_shard) {
  const std::vector<protocol::queue::Deliver::Target> targets = std::exchange(envelope.targets, {});
  for (std::uint32_t shard = 0; shard < by_shard.size(); ++shard) {
    protocol::queue::Deliver share = envelope;
    for (const auto& target : targets) {
      const std::uint32_t home = target.shard < by_shard.size() ? target.shard : 0;
      if (home == shard) share.targets.push_back(target);
    }
    if (!share.targets.empty()) by_shard[shard].announced.push_back(std::move(share));
  }
}

}  // namespace herald::roles::user_agent_ws
