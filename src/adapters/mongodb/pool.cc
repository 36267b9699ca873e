#include "adapters/mongodb/pool.h"

namespace herald::adapters::mongodb {

Pool::Pool(Connection& connection, const Limits& limits, const Clock& clock, Log& log, Metrics& metrics)
    : connection_(connection), limits_(limits), clock_(clock), log_(log), metrics_(metrics) {
  for (std::size_t i = 0; i < limits_.mongodb_connections; ++i) threads_.emplace_back([this] { work(); });
}

Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  listed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

// With the lock held.
void Pool::list(Lane& lane) {
  if (lane.listed_ || lane.waiting() == 0 || lane.running_ == lane.width_) return;
  lane.listed_ = true;
  lanes_.push_back(&lane);
  listed_.notify_one();
}

void Pool::work() {
  const auto client = connection_.client();
  StoreMetrics metrics(metrics_);
  Session session(*client, connection_.database(), clock_, metrics);
  Context context{session, limits_, clock_, metrics, log_, false};
  std::unique_lock lock(mutex_);
  while (true) {
    listed_.wait(lock, [this] { return !lanes_.empty() || (closing_ && waiting_ == 0); });
    if (lanes_.empty()) break;
    Lane& lane = *lanes_.front();
    lanes_.pop_front();
    lane.listed_ = false;
    ++lane.running_;
    // Behind a database that is away, no call waits much longer than the batch before it did.
    const auto batch =
        lane.take(limits_.mongodb_batch_max, clock_.mono() + -std::chrono::milliseconds(limits_.mongodb_timeout_ms));
    waiting_ -= batch->size() + batch->late();
    list(lane);
    lock.unlock();
    answer_late(lane, *batch, metrics);
    if (batch->size() > 0) run(lane, *batch, context);
    lock.lock();
    --lane.running_;
    list(lane);
  }
  lock.unlock();
  listed_.notify_all();
}

void Pool::answer_late(const Lane& lane, Lane::Batch& batch, StoreMetrics& metrics) {
  if (batch.late() == 0) return;
  const Error error{ErrorKind::kUnavailable, "the call waited too long for the database"};
  note(lane, error, metrics);
  Answers answers;
  batch.answer_late(error, answers);
  answers.post();
}

void Pool::run(Lane& lane, Lane::Batch& batch, Context& context) {
  context.metrics.busy(true);
  const MonoTime began = clock_.mono();
  context.database.begin(began + std::chrono::milliseconds(limits_.mongodb_timeout_ms));
  context.is_repeated = false;
  (void)run_part(lane, batch, 0, batch.size(), context);
  context.metrics.batch(lane.kind(), batch.size(), clock_.mono() - began);
  context.metrics.busy(false);
}

namespace {

// Refusals that may be the fault of one call. Any other error meets all calls alike: they would only wait for it one
// after the other, or log in for each.
[[nodiscard]] bool may_be_one_calls(ErrorKind kind) {
  return kind == ErrorKind::kInternal || kind == ErrorKind::kConflict || kind == ErrorKind::kTooLarge ||
         kind == ErrorKind::kCorrupt || kind == ErrorKind::kInvalid;
}

}  // namespace

// If the database refuses a batch, its halves are tried, and theirs, until the calls to blame stand alone: the others
// must not suffer. All of it within the batch's one deadline. Fails as soon as an error meets all calls alike; then
// that part is answered, and those behind it are not.
Status Pool::run_part(Lane& lane, Lane::Batch& batch, std::size_t first, std::size_t count, Context& context) {
  const Status done = attempt(batch, first, count, context);
  const bool one_is_to_blame = !done && may_be_one_calls(done.error().kind);
  if (one_is_to_blame && count > 1) {
    const std::size_t half = count / 2;
    Status rest = run_part(lane, batch, first, half, context);
    if (!rest) {
      answer_part(lane, batch, first + half, count - half, rest, context.metrics);
      return rest;
    }
    return run_part(lane, batch, first + half, count - half, context);
  }
  answer_part(lane, batch, first, count, done, context.metrics);
  return one_is_to_blame ? Status{} : done;
}

void Pool::answer_part(const Lane& lane, Lane::Batch& batch, std::size_t first, std::size_t count, const Status& done,
                       StoreMetrics& metrics) {
  Error error = done ? Error{ErrorKind::kInternal, "a call was not answered"} : done.error();
  if (!done) note(lane, error, metrics);
  // A login that is refused while Herald runs is the operator's to mend; for callers the store is away.
  if (error.kind == ErrorKind::kUnauthorized) error.kind = ErrorKind::kUnavailable;
  if (lane.refusals() == Refusals::kTemporary && may_be_one_calls(error.kind) && error.kind != ErrorKind::kTooLarge &&
      error.kind != ErrorKind::kCorrupt) {
    error.kind = ErrorKind::kUnavailable;
  }
  Answers answers;
  batch.answer_all(first, count, error, answers);
  answers.post();
}

// A database that was started again leaves broken connections behind, each of which would cost a batch; so does a
// primary that stepped down. A batch that meets one is run once more, on the connection that the driver then opens:
// only if the one before had worked, so that a database which is away is not asked twice, and within the same deadline.
// What was done before is found as by any call that is repeated.
Status Pool::attempt(Lane::Batch& batch, std::size_t first, std::size_t count, Context& context) {
  Status done = batch.run(context, first, count);
  context.is_repeated = true;
  if (done || !context.database.lost_a_good_server()) return done;
  context.metrics.repeated();
  return batch.run(context, first, count);
}

void Pool::note(const Lane& lane, const Error& error, StoreMetrics& metrics) {
  metrics.failed(error.kind);
  log_.error("database call failed", {{"call", std::string_view(lane.kind())},
                                      {"kind", to_string(error.kind)},
                                      {"error", std::string_view(error.message)}});
}

}  // namespace herald::adapters::mongodb
