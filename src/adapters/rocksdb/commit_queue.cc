#include "adapters/rocksdb/commit_queue.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "base/thread_name.h"

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

CommitQueue::CommitQueue(Database& database, const Limits& limits, const Clock& clock, Log& log, Metrics& metrics)
    : database_(database),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      interval_(limits.commit_interval_us),
      batch_(database, limits, clock),
      thread_([this] { run(); }) {}

CommitQueue::~CommitQueue() {
  mailbox_.close();
  thread_.join();
}

void CommitQueue::run() {
  name_thread("store commit");
  while (true) {
    auto operations = mailbox_.take();
    const bool busy = !operations.empty();
    if (!busy) operations = mailbox_.wait();
    if (operations.empty()) return;
    gather(operations, busy);
    began_ = clock_.mono();
    commit_all(operations);
  }
}

// Small commits cost nearly as much as large ones, and so does each step that follows them. A lone operation does not
// wait: nothing had gathered during the commit before it.
void CommitQueue::gather(std::vector<std::unique_ptr<Operation>>& operations, bool busy) {
  if (!busy) return;
  const auto left = began_ + interval_ - clock_.mono();
  if (left <= left.zero()) return;
  std::this_thread::sleep_for(left);
  auto more = mailbox_.take();
  operations.insert(operations.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
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

void CommitQueue::answer(Operations operations, const Status& committed) {
  if (!committed) metrics_.failed(committed.error().kind);
  for (const auto& operation : operations) operation->answer(committed, answers_);
  answers_.post();
}

}  // namespace herald::adapters
