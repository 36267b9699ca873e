#include "adapters/rocksdb/commit_queue.h"

#include <algorithm>
#include <chrono>

namespace herald::adapters {

namespace {

// Bounds the memory of one batch, and how long its first operation waits for its last.
constexpr std::size_t kOperationsPerCommit = 4'096;

[[nodiscard]] bool is_sweep(const std::unique_ptr<Operation>& operation) {
  return operation->kind() == Operation::Kind::kSweep;
}
[[nodiscard]] bool is_durable(const std::unique_ptr<Operation>& operation) {
  return operation->kind() == Operation::Kind::kDurable;
}

}  // namespace

CommitQueue::CommitQueue(Database& database, WriteFence& fence, const Limits& limits, const Clock& clock, Log& log,
                         Metrics& metrics)
    : database_(database),
      fence_(fence),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      batch_(database, limits, clock),
      thread_([this] { run(); }) {}

CommitQueue::~CommitQueue() {
  mailbox_.close();
  thread_.join();
}

void CommitQueue::run() {
  for (auto operations = mailbox_.wait(); !operations.empty(); operations = mailbox_.wait()) commit_all(operations);
}

// A sweep commits alone, so that all before it is in the database it scans.
void CommitQueue::commit_all(Operations operations) {
  while (!operations.empty()) {
    const auto sweep = std::ranges::find_if(operations, is_sweep);
    const auto before_sweep = static_cast<std::size_t>(sweep - operations.begin());
    const std::size_t count = std::clamp(before_sweep, std::size_t{1}, kOperationsPerCommit);
    commit(operations.first(count));
    operations = operations.subspan(count);
  }
}

// If one operation meets unreadable data, the others must not suffer: each is tried by itself.
void CommitQueue::commit(Operations operations) {
  const auto committed = apply_and_write(operations);
  const bool blame_one = !committed && committed.error().kind == ErrorKind::kCorrupt && operations.size() > 1;
  if (!blame_one) return answer(operations, committed);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto one = operations.subspan(i, 1);
    answer(one, apply_and_write(one));
  }
}

Status CommitQueue::apply_and_write(Operations operations) {
  const MonoTime began = clock_.mono();
  if (auto ready = database_.prepare(); !ready) return ready;
  for (const auto& operation : operations) operation->apply(batch_);
  if (const auto failure = batch_.failure()) {
    batch_.discard();
    log_.error("store read failed",
               {{"kind", to_string(failure->kind)}, {"error", std::string_view(failure->message)}});
    return std::unexpected(*failure);
  }
  const BatchTally tally = batch_.tally();
  auto written = batch_.commit(std::ranges::any_of(operations, is_durable));
  if (written) metrics_.committed(operations.size(), clock_.mono() - began, tally);
  return written;
}

// A change counts as applied before its answer leaves, so that a read asked for after the answer sees it.
void CommitQueue::answer(Operations operations, const Status& committed) {
  if (!committed) metrics_.failed(committed.error().kind);
  for (const auto& operation : operations) operation->answer(committed, answers_);
  fence_.applied(operations.size());
  answers_.post();
}

}  // namespace herald::adapters
