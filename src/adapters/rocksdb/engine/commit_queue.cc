#include "adapters/rocksdb/engine/commit_queue.h"

#include <rocksdb/perf_level.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "base/thread_name.h"

namespace herald::adapters {

namespace {

// Bounds the memory of one batch, and how long its first operation waits for its last.
constexpr std::size_t kOperationsPerCommit = 4'096;
// While changes gather, what can be answered at once waits no longer than this.
constexpr std::chrono::microseconds kNap{80};

[[nodiscard]] bool is_sweep(const std::unique_ptr<Operation>& operation) {
  return operation->kind() == Operation::Kind::kSweep;
}
[[nodiscard]] bool is_durable(const std::unique_ptr<Operation>& operation) {
  return operation->kind() == Operation::Kind::kDurable;
}

}  // namespace

CommitQueue::CommitQueue(CommitMailbox& mailbox, Database& database, const Limits& limits, const Clock& clock, Log& log,
                         Metrics& metrics)
    : database_(database),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      interval_(limits.commit_interval_us),
      batch_(database, limits, clock),
      mailbox_(mailbox) {}

CommitQueue::~CommitQueue() {
  mailbox_.close();
  if (thread_.joinable()) {
    thread_.join();
    return;
  }
  take(mailbox_.take());
  if (!is_idle()) commit_waiting();
  finish();
}

Status CommitQueue::start(bool threaded) {
  if (auto loaded = load(); !loaded) return loaded;
  if (threaded) thread_ = std::thread([this] { run(); });
  return {};
}

bool CommitQueue::step() {
  auto operations = mailbox_.take();
  const bool alone = is_idle();
  if (operations.empty() && alone) return false;
  take(std::move(operations));
  if (!is_idle() && is_time(alone)) commit_waiting();
  return true;
}

std::optional<MonoTime> CommitQueue::next_step() {
  if (is_idle()) return std::nullopt;
  return began_ + interval_;
}

void CommitQueue::run() {
  name_thread("store commit");
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);  // nobody reads what it would count
  while (true) {
    auto operations = mailbox_.take();
    bool alone = false;
    if (operations.empty() && is_idle()) {
      operations = mailbox_.wait();
      if (operations.empty()) return finish();
      alone = true;
    }
    take(std::move(operations));
    if (is_idle()) continue;
    if (is_time(alone)) {
      commit_waiting();
    } else if (mailbox_.empty()) {
      nap();
    }
  }
}

void CommitQueue::take(Owned operations) {
  for (auto& operation : operations) {
    const auto kind = operation->kind();
    if (kind == Operation::Kind::kTask) {
      operation->apply(batch_);
    } else if (kind == Operation::Kind::kLook || kind == Operation::Kind::kLazy) {
      answer_at_once(*operation);
    } else {
      waiting_.push_back(std::move(operation));
    }
  }
  answers_.post();
}

void CommitQueue::answer_at_once(Operation& operation) {
  const bool is_look = operation.kind() == Operation::Kind::kLook;
  auto ready = is_look ? load() : prepare();
  if (ready) {
    operation.apply(batch_);
    if (auto failure = batch_.take_failure()) {
      log_.error("store read failed",
                 {{"kind", to_string(failure->kind)}, {"error", std::string_view(failure->message)}});
      ready = std::unexpected(std::move(*failure));
    } else if (operation.needs_rows() && batch_.has_changes()) {
      ready = write(0, false, clock_.mono());
    }
  }
  if (!ready) metrics_.failed(ready.error().kind);
  operation.answer(ready, answers_);
}

// Small commits cost nearly as much as large ones, and so does each step that follows them. A lone operation does not
// wait: nothing had gathered during the commit before it. What has come meanwhile is taken first, without a nap: tasks
// that run here call the store step by step.
bool CommitQueue::is_time(bool alone) {
  const auto waited = std::max<std::chrono::nanoseconds>(clock_.mono() - began_, napped_);
  if (waited >= interval_) return true;
  return alone && mailbox_.empty();
}

void CommitQueue::nap() {
  const auto waited = std::max<std::chrono::nanoseconds>(clock_.mono() - began_, napped_);
  const auto nap = std::min<std::chrono::nanoseconds>(interval_ - waited, kNap);
  std::this_thread::sleep_for(nap);
  napped_ += nap;
}

// A sweep commits alone, so that all before it is in the database it scans.
void CommitQueue::commit_waiting() {
  began_ = clock_.mono();
  napped_ = {};
  const Owned taken = std::exchange(waiting_, {});
  Operations operations(taken);
  if (operations.empty()) return commit({});
  while (!operations.empty()) {
    const auto sweep = std::ranges::find_if(operations, is_sweep);
    const auto before_sweep = static_cast<std::size_t>(sweep - operations.begin());
    if (before_sweep == 0 && batch_.has_changes()) commit({});
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

Status CommitQueue::prepare() {
  if (auto ready = database_.prepare(); !ready) return ready;
  return load();
}

// A failed commit takes the young messages with it: they come back from their rows.
Status CommitQueue::load() {
  if (batch_.is_loaded()) return {};
  if (database_.db() == nullptr) return fail(ErrorKind::kUnavailable, "the store is being recovered");
  auto loaded = batch_.load();
  if (!loaded) {
    log_.error("store read failed",
               {{"kind", to_string(loaded.error().kind)}, {"error", std::string_view(loaded.error().message)}});
  }
  return loaded;
}

Status CommitQueue::apply_and_write(Operations operations) {
  const MonoTime began = clock_.mono();
  if (auto ready = prepare(); !ready) return ready;
  for (const auto& operation : operations) operation->apply(batch_);
  if (const auto failure = batch_.failure()) {
    batch_.discard();
    log_.error("store read failed",
               {{"kind", to_string(failure->kind)}, {"error", std::string_view(failure->message)}});
    return std::unexpected(*failure);
  }
  return write(operations.size(), std::ranges::any_of(operations, is_durable), began);
}

Status CommitQueue::write(std::size_t operations, bool sync, MonoTime began) {
  const BatchTally tally = batch_.tally();
  auto written = batch_.commit(sync);
  if (written) metrics_.committed(operations, clock_.mono() - began, tally);
  return written;
}

void CommitQueue::answer(Operations operations, const Status& committed) {
  if (!committed) metrics_.failed(committed.error().kind);
  for (const auto& operation : operations) operation->answer(committed, answers_);
  answers_.post();
}

// What stays young is routed again at the next start, which costs time then.
void CommitQueue::finish() {
  if (!prepare()) return;
  batch_.settle_all();
  if (!write(0, true, clock_.mono())) log_.error("routes were not written: the next start routes these messages again");
}

}  // namespace herald::adapters
