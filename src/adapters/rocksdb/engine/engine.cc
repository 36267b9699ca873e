#include "adapters/rocksdb/engine/engine.h"

#include <rocksdb/perf_level.h>

#include <algorithm>
#include <chrono>

#include "adapters/rocksdb/engine/recovery.h"
#include "base/planted.h"
#include "base/thread_name.h"

namespace herald::adapters {

namespace {

using Kind = Operation::Kind;

// Bounds the memory of one commit, and how long its first operation waits for its last.
constexpr std::size_t kOperationsPerCommit = 4'096;
// While changes gather, what can be answered at once waits no longer than this.
constexpr std::chrono::microseconds kNap{80};
// While the database is away, what was changed in memory tries this often to be written.
constexpr std::chrono::milliseconds kRetryInterval{20};

}  // namespace

CommitEngine::CommitEngine(EngineMailbox& mailbox, Database& database, const Limits& limits, const Clock& clock,
                           Log& log, Metrics& metrics)
    : database_(database),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      interval_(limits.commit_interval_us),
      txn_(database, limits, clock),
      commit_(txn_, database, limits.commit_unsynced_max_bytes),
      mailbox_(mailbox) {}

CommitEngine::~CommitEngine() {
  mailbox_.close();
  if (thread_.joinable()) {
    thread_.join();
    return;
  }
  take(mailbox_.take());
  if (!is_idle()) commit_waiting();
  finish();
}

Status CommitEngine::start(bool threaded) {
  if (auto started = commit_.start(); !started) return started;
  if (auto loaded = load_in_flight(txn_); !loaded) return loaded;
  if (threaded) thread_ = std::thread([this] { run(); });
  return {};
}

void CommitEngine::run() {
  name_thread("store commit");
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);  // nobody reads what it would count
  while (true) {
    const bool closed = mailbox_.is_closed();
    auto operations = mailbox_.take();
    bool alone = false;
    if (operations.empty() && is_idle()) {
      operations = mailbox_.wait();
      if (operations.empty()) return finish();
      alone = true;
    }
    if (operations.empty() && closed) {
      commit_waiting();
      return finish();
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

bool CommitEngine::step() {
  auto operations = mailbox_.take();
  const bool alone = is_idle();
  if (operations.empty() && alone) return false;
  take(std::move(operations));
  if (!is_idle() && is_time(alone)) commit_waiting();
  return true;
}

std::optional<MonoTime> CommitEngine::next_step() {
  if (is_idle()) return std::nullopt;
  return began_ + interval();
}

void CommitEngine::take(Owned operations) {
  for (auto& operation : operations) {
    if (operation->kind() == Kind::kTask) {
      operation->apply(txn_);
    } else if (!answer_at_once(*operation)) {
      written_waits_ = written_waits_ || operation->kind() == Kind::kWritten;
      waiting_.push_back(std::move(operation));
    }
  }
  answers_.post();
}

bool CommitEngine::answer_at_once(Operation& operation) {
  const Kind kind = operation.kind();
  if (kind == Kind::kSynced || (kind == Kind::kWritten && written_waits_)) return false;
  if (kind == Kind::kRead && operation.shows_only_written() && !txn_.rows().empty() &&
      !planted::is(planted::Fault::kShowsUnwritten))
    return false;
  const bool needs_database = kind == Kind::kBehind || database_.db() == nullptr;
  Status done = needs_database ? prepare() : commit_.resolve();
  if (done) {
    const auto mark = txn_.begin();
    operation.apply(txn_);
    const bool must_wait = kind == Kind::kWritten && txn_.has_rows_since(mark) && !txn_.rows().failure();
    if (must_wait) {
      txn_.roll_back(mark);
      return false;
    }
    done = txn_.end_operation(mark, true);
    if (!done) log_failed_read(done.error());
    if (done && operation.needs_reader() && !flush()) done = read_here(operation);
  }
  if (!done) metrics_.failed(done.error().kind);
  operation.answer(done, answers_);
  return true;
}

// Small commits cost nearly as much as large ones, and so does each step that follows them. A lone operation does not
// wait: nothing had gathered during the commit before it. What has come meanwhile is taken first, without a nap: tasks
// that run here call the store step by step.
bool CommitEngine::is_time(bool alone) {
  const auto waited = std::max<std::chrono::nanoseconds>(clock_.mono() - began_, napped_);
  if (waited >= interval()) return true;
  return alone && mailbox_.empty();
}

// What waits is answered at once also while the database is away.
std::chrono::nanoseconds CommitEngine::interval() const {
  if (waiting_.empty() && commit_.is_in_doubt()) return kRetryInterval;
  return interval_;
}

void CommitEngine::nap() {
  const auto waited = std::max<std::chrono::nanoseconds>(clock_.mono() - began_, napped_);
  const auto nap = std::min<std::chrono::nanoseconds>(interval() - waited, kNap);
  std::this_thread::sleep_for(nap);
  napped_ += nap;
}

void CommitEngine::commit_waiting() {
  began_ = clock_.mono();
  napped_ = {};
  written_waits_ = false;
  const Owned taken = std::exchange(waiting_, {});
  Operations operations(taken);
  do {
    const std::size_t count = std::min(operations.size(), kOperationsPerCommit);
    commit(operations.first(count));
    operations = operations.subspan(count);
  } while (!operations.empty());
}

void CommitEngine::commit(Operations operations) {
  const MonoTime began = clock_.mono();
  std::vector<Status> outcomes(operations.size());
  Status written = prepare();
  if (written) {
    commit_.begin();
    bool sync = false;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const auto mark = txn_.begin();
      operations[i]->apply(txn_);
      outcomes[i] = txn_.end_operation(mark, false);
      if (!outcomes[i]) log_failed_read(outcomes[i].error());
      sync = sync || (operations[i]->kind() == Kind::kSynced && !planted::is(planted::Fault::kNoSync));
    }
    written = write(operations.size(), sync, began);
  }
  if (!written) metrics_.failed(written.error().kind);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (!outcomes[i]) metrics_.failed(outcomes[i].error().kind);
    operations[i]->answer(outcomes[i] ? written : outcomes[i], answers_);
  }
  answers_.post();
}

Status CommitEngine::prepare() {
  if (auto ready = database_.prepare(); !ready) return ready;
  return commit_.resolve();
}

// While the disk takes no writes, what is stored is served all the same. A failed commit was rolled back before, so the
// index holds every row (Rows::put_blind()).
Status CommitEngine::read_here(Operation& operation) {
  if (auto resolved = commit_.resolve(); !resolved) return resolved;
  if (database_.db() == nullptr) return fail(ErrorKind::kUnavailable, "the store is being recovered");
  operation.read_here(txn_.rows().reader());
  return {};
}

Status CommitEngine::flush() {
  if (txn_.rows().empty()) return {};
  if (auto ready = prepare(); !ready) return ready;
  commit_.begin();
  return write(0, false, clock_.mono());
}

Status CommitEngine::write(std::size_t operations, bool sync, MonoTime began, bool spill_all) {
  const Tally tally = txn_.tally();
  auto written = commit_.write(sync, spill_all);
  if (written) metrics_.committed(operations, clock_.mono() - began, tally);
  return written;
}

void CommitEngine::log_failed_read(const Error& error) {
  log_.error("store read failed", {{"kind", to_string(error.kind)}, {"error", std::string_view(error.message)}});
}

// What stays in flight is routed again at the next start, which costs time then.
void CommitEngine::finish() {
  if (!prepare()) return;
  commit_.begin();
  if (!write(0, true, clock_.mono(), true)) {
    log_.error("routes were not written: the next start routes these messages again");
  }
}

}  // namespace herald::adapters
