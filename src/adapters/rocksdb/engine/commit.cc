#include "adapters/rocksdb/engine/commit.h"

#include <algorithm>
#include <chrono>

#include "adapters/rocksdb/engine/writes.h"
#include "base/check.h"
#include "base/planted.h"

namespace herald::adapters {

namespace {

constexpr std::chrono::milliseconds kFloorInterval{1'000};
constexpr std::int64_t kEndedRowSpanMs = 1'000;

}  // namespace

Status Commit::start() {
  auto stored = stored_number();
  if (!stored) return std::unexpected(stored.error());
  number_ = *stored;
  return {};
}

void Commit::begin() {
  HERALD_CHECK(!in_doubt_, "a commit begins while one is in doubt");
  mark_ = txn_.begin();
  write_ended(0);
}

Status Commit::write(bool sync, bool spill_all) {
  sync = sync || unsynced_bytes_ > unsynced_max_bytes_;
  spill_ = plan_spill(txn_, spill_all);
  write_ended(mark_.state.ended);
  const bool nothing_to_sync = !sync || unsynced_.empty();
  if (txn_.rows().empty() && nothing_to_sync) {
    finish();
    return {};
  }
  write_floor();
  txn_.rows().put_blind(Family::kMeta, commit_number_key(), encode_count(++number_));
  if (auto written = txn_.rows().write(sync); !written) {
    take_back();
    return written;
  }
  note_written(sync);
  finish();
  return {};
}

void Commit::take_back() {
  in_doubt_ = true;
  opens_ = database_.opens();
  doubt_ = {};
  const auto& accepted = txn_.accepted();
  doubt_.accepted.assign(accepted.begin() + static_cast<std::ptrdiff_t>(mark_.accepted), accepted.end());
  const auto& ended = txn_.state().ended();
  for (auto i = mark_.state.ended; i < ended.size(); ++i) {
    if (const Receipt* receipt = txn_.state().find_receipt(ended[i].second)) {
      doubt_.ended.push_back({receipt->id, receipt->end, receipt->ended_at});
    }
  }
  doubt_.drops = txn_.state().drops_since(mark_.state);
  doubt_.spill = std::exchange(spill_, {});
  txn_.roll_back(mark_);
  if (planted::is(planted::Fault::kFailedCommitDropsAnswered)) txn_.finish_commit();
}

Status Commit::resolve() {
  if (!in_doubt_ || database_.opens() == opens_) return {};
  const auto stored = stored_number();
  if (!stored) return std::unexpected(stored.error());
  if (*stored == number_ && !planted::is(planted::Fault::kDoubtForgotten)) {
    if (auto adopted = adopt(); !adopted) return adopted;
  }
  if (auto restored = restore(*stored); !restored) return restored;
  number_ = std::max(*stored, unsynced_.empty() ? 0 : unsynced_.back().number);
  unsynced_.clear();
  unsynced_bytes_ = 0;
  in_doubt_ = false;
  return {};
}

void Commit::note_written(bool sync) {
  if (sync) {
    unsynced_.clear();
    unsynced_bytes_ = 0;
  } else {
    unsynced_.push_back({number_, txn_.rows().bytes()});
    unsynced_bytes_ += unsynced_.back().bytes.size();
  }
}

Status Commit::restore(std::uint64_t stored) {
  for (const auto& commit : unsynced_) {
    if (commit.number <= stored) continue;
    if (auto written = txn_.rows().write_again(commit.bytes); !written) return written;
  }
  return {};
}

// The database has the rows of what was rolled back. Its messages are outstanding although nobody was told so, and
// those that it ended have ended.
Status Commit::adopt() {
  txn_.finish_commit();
  txn_.state().forget_caches();
  const auto mark = txn_.begin();
  for (const auto& message : doubt_.accepted) {
    const Receipt* known = txn_.receipt(message->id);
    if (known != nullptr && !is_final(known->end)) txn_.write_indexes(*known);
  }
  adopt_drops();
  adopt_ended();
  if (auto adopted = txn_.end_operation(mark, true); !adopted) return adopted;
  adopt_spill();
  return {};
}

void Commit::adopt_drops() {
  for (const auto& drop : doubt_.drops) {
    const auto* in_flight = txn_.state().in_flight().find(drop.message);
    if (in_flight == nullptr) continue;
    const PendingKey key{drop.delivery.user_agent, in_flight->receipt.priority, drop.message};
    static_cast<void>(drop_pending(txn_, key, drop.delivery.final_at));
  }
}

void Commit::adopt_ended() {
  for (const auto& ended : doubt_.ended) {
    Receipt* receipt = txn_.receipt(ended.id);
    if (receipt != nullptr && !is_final(receipt->end)) end_message(txn_, *receipt, ended.end, ended.at);
  }
}

// The rows are the truth of a message that left memory.
void Commit::adopt_spill() {
  auto& state = txn_.state();
  std::erase_if(doubt_.spill, [&](const SpillStep& step) { return state.in_flight().find(step.id) == nullptr; });
  apply_spill(state, doubt_.spill);
  for (const auto& step : doubt_.spill) {
    if (step.whole) state.forget_receipt(step.id);
  }
}

Result<std::uint64_t> Commit::stored_number() {
  if (database_.db() == nullptr) return fail(ErrorKind::kUnavailable, "the store is being recovered");
  std::string value;
  const auto status = database_.db()->Get({}, database_.family(Family::kMeta), commit_number_key(), &value);
  if (status.IsNotFound()) return 0;
  if (!status.ok()) return std::unexpected(to_error(status));
  return decode_count(value);
}

// A row's time is that of its latest message, so that none is removed early; at most a second late.
void Commit::write_ended(std::size_t first) {
  const auto& all = txn_.state().ended();
  std::vector ended(all.begin() + static_cast<std::ptrdiff_t>(first), all.end());
  std::ranges::sort(ended, std::greater{});
  for (auto it = ended.begin(); it != ended.end();) {
    const auto [time, latest] = *it;
    std::vector<MessageId> ids;
    for (; it != ended.end() && it->first.ms > time.ms - kEndedRowSpanMs; ++it) ids.push_back(it->second);
    const auto key = ends_key({.row = kEndedRow, .time = time, .message = latest});
    txn_.state().floors().ended.lower_to(key);
    txn_.rows().put(Family::kEnds, key, encode_ids(ids));
  }
}

// Written with the rows that raise it, and each second while there are others.
void Commit::write_floor() {
  const MonoTime now = txn_.mono();
  if (floor_written_ && now < *floor_written_ + kFloorInterval) return;
  floor_written_ = now;
  txn_.rows().put_blind(Family::kMeta, young_floor_key(), encode_young_floor(txn_.state().floor()));
}

void Commit::finish() {
  txn_.finish_commit();
  apply_spill(txn_.state(), std::exchange(spill_, {}));
  txn_.state().rotate();
}

}  // namespace herald::adapters
