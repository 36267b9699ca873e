#include "adapters/rocksdb/engine/batch.h"

#include <algorithm>

#include "base/check.h"

namespace herald::adapters {

namespace {

// About 400 bytes an entry, twice as many entries.
constexpr std::size_t kReceiptsCached = 32'768;
// About 150 bytes an entry, twice as many entries.
constexpr std::size_t kPendingCountsCached = 131'072;
constexpr std::int64_t kEndedRowSpanMs = 1'000;

[[nodiscard]] rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
[[nodiscard]] std::string key_of(const MessageId& id) {
  return std::string(id.view());
}
// True: the device's delivery and what waits for it are in rows.
[[nodiscard]] bool has_row(const Receipt& receipt, const UserAgentId& user_agent) {
  if (receipt.rows_written == 0) return false;
  return receipt.rows_written == receipt.deliveries.size() ||
         user_agent < receipt.deliveries[receipt.rows_written].user_agent;
}

}  // namespace

void Batch::fail_with(const Error& error) {
  if (!failure_) failure_ = error;
}

std::optional<std::string> Batch::get(Family family, const std::string& key) {
  std::string value;
  const auto status = rows_.GetFromBatchAndDB(database_.db(), {}, database_.family(family), key, &value);
  if (status.ok()) return value;
  if (!status.IsNotFound()) fail_with(to_error(status));
  return std::nullopt;
}

void Batch::put(Family family, const std::string& key, const std::string& value) {
  rows_.Put(database_.family(family), key, value);
}

void Batch::remove(Family family, const std::string& key) {
  rows_.Delete(database_.family(family), key);
}

void Batch::put_unindexed(Family family, const std::string& key, const std::string& value) {
  rows_.GetWriteBatch()->Put(database_.family(family), key, value);
}

void Batch::remove_unindexed(Family family, const std::string& key) {
  rows_.GetWriteBatch()->Delete(database_.family(family), key);
}

void Batch::put_unrouted(const std::string& key, const std::string& value) {
  floors_.unrouted.lower_to(key);
  put_unindexed(Family::kUnrouted, key, value);
}

void Batch::put_expiry(const std::string& key, const std::string& value) {
  floors_.expiry.lower_to(key);
  put_unindexed(Family::kEnds, key, value);
}

void Batch::scan(Family family, const std::string& prefix, const std::string& from, const Visit& visit) {
  const std::string end = end_of_prefix(prefix);
  const rocksdb::Slice bound = slice(end);
  rocksdb::ReadOptions options;
  if (!end.empty()) options.iterate_upper_bound = &bound;
  auto* const handle = database_.family(family);
  const std::unique_ptr<rocksdb::Iterator> it(
      rows_.NewIteratorWithBase(handle, database_.db()->NewIterator(options, handle)));
  for (it->Seek(slice(from)); it->Valid(); it->Next()) {
    const auto key = it->key().ToStringView();
    if (!key.starts_with(prefix) || !visit(key, it->value().ToStringView())) return;
  }
  if (!it->status().ok()) fail_with(to_error(it->status()));
}

std::optional<Receipt> Batch::load_receipt(const MessageId& id) {
  if (const auto stored = get(Family::kReceipts, key_of(id))) return good(decode_receipt(id, *stored));
  if (const auto message = get(Family::kMessages, key_of(id))) return good(first_receipt(id, *message));
  return std::nullopt;
}

Receipt* Batch::receipt(const MessageId& id) {
  if (auto* young = young_.find(id)) return &young->receipt;
  if (auto* cached = receipts_.find(id)) return &cached->receipt;
  auto loaded = load_receipt(id);
  if (!loaded) return nullptr;
  return &receipts_.insert(id, {.receipt = std::move(*loaded)}).receipt;
}

// Of messages without a row in `receipts`, which are few, each is looked for by itself when it is asked for.
void Batch::read_ahead(std::vector<MessageId> ids) {
  std::erase_if(ids,
                [this](const MessageId& id) { return young_.find(id) != nullptr || receipts_.find(id) != nullptr; });
  if (ids.empty()) return;
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  std::vector<rocksdb::Slice> keys;
  keys.reserve(ids.size());
  for (const auto& id : ids) keys.push_back(slice(id.view()));
  std::vector<rocksdb::PinnableSlice> values(ids.size());
  std::vector<rocksdb::Status> statuses(ids.size());
  database_.db()->MultiGet({}, database_.family(Family::kReceipts), keys.size(), keys.data(), values.data(),
                           statuses.data(), true);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!statuses[i].ok()) continue;
    auto decoded = decode_receipt(ids[i], values[i].ToStringView());
    if (decoded) receipts_.insert(ids[i], {.receipt = std::move(*decoded)});
  }
}

Receipt& Batch::new_receipt(const MessagePtr& message) {
  if (limits_.young_ms > 0 && young_.can_insert(message->id)) return young_.insert(message, clock_.mono()).receipt;
  young_.pass_over(message->id);
  return receipts_.insert(message->id, {.receipt = first_receipt(*message), .highest = UserAgentId{}}).receipt;
}

bool Batch::is_new_device(const Receipt& receipt, const UserAgentId& user_agent) {
  if (receipt.young) return receipt.deliveries.empty() || receipt.deliveries.back().user_agent < user_agent;
  const auto* cached = receipts_.find(receipt.id);
  return cached != nullptr && cached->highest && *cached->highest < user_agent;
}

void Batch::note_device(const Receipt& receipt, const UserAgentId& user_agent) {
  if (receipt.young) return;
  auto* cached = receipts_.find(receipt.id);
  if (cached != nullptr && cached->highest) cached->highest = std::max(*cached->highest, user_agent);
}

void Batch::change(const Receipt& receipt) {
  if (receipt.young) return;
  auto* cached = receipts_.find(receipt.id);
  HERALD_CHECK(cached != nullptr, "a receipt is changed that the batch did not give out");
  if (std::exchange(cached->changed, true)) return;
  changed_receipts_.push_back(receipt.id);
}

void Batch::end_young(const Receipt& receipt) {
  ended_young_.push_back(receipt.id);
}

void Batch::forget_receipt(MessageId id) {
  receipts_.erase(id);
  remove_unindexed(Family::kReceipts, key_of(id));
}

void Batch::note_ended(const Receipt& receipt) {
  ended_.emplace_back(receipt.ended_at, receipt.id);
}

Batch::PendingCount& Batch::counted(const UserAgentId& user_agent) {
  if (auto* known = pending_counts_.find(user_agent)) return *known;
  PendingCount fresh;
  const std::string prefix(user_agent.view());
  scan(Family::kPending, prefix, prefix, [&fresh](std::string_view key, std::string_view) {
    if (fresh.count++ == 0) fresh.first = key;
    return true;
  });
  fresh.count += young_.pending_count(user_agent);
  return pending_counts_.insert(user_agent, std::move(fresh));
}

std::uint64_t Batch::pending_count(const UserAgentId& user_agent) {
  return counted(user_agent).count;
}

bool Batch::has_only_young_pending(const UserAgentId& user_agent) {
  const auto* known = pending_counts_.find(user_agent);
  return known != nullptr && known->count == young_.pending_count(user_agent);
}

bool Batch::is_held(const PendingKey& key) {
  const auto* young = young_.find(key.message);
  return young != nullptr && !has_row(young->receipt, key.user_agent);
}

void Batch::add_pending(const PendingKey& key, const PendingRecord& record) {
  auto& counted_before = counted(key.user_agent);
  ++counted_before.count;
  if (is_held(key)) return young_.add_pending(key);
  std::string row = pending_key(key);
  put(Family::kPending, row, encode_pending(record));
  if (row < counted_before.first) counted_before.first = std::move(row);
}

void Batch::remove_pending(const PendingKey& key) {
  if (auto* known = pending_counts_.find(key.user_agent); known != nullptr && known->count > 0) --known->count;
  if (is_held(key)) return young_.remove_pending(key);
  remove(Family::kPending, pending_key(key));
}

std::optional<PendingKey> Batch::first_pending(const UserAgentId& user_agent) {
  std::optional<PendingKey> found;
  auto& known = counted(user_agent);
  const std::string prefix(user_agent.view());
  scan(Family::kPending, prefix, std::max(prefix, known.first), [&](std::string_view key, std::string_view) {
    found = good(decode_pending_key(key));
    known.first = key;
    return false;
  });
  const auto young = young_.first_pending(user_agent);
  if (!young || (found && pending_key(*found) < pending_key(*young))) return found;
  return young;
}

void Batch::write_receipts() {
  for (const auto& id : changed_receipts_) {
    auto* cached = receipts_.find(id);
    if (cached == nullptr) continue;
    put_unindexed(Family::kReceipts, key_of(id), encode_receipt(cached->receipt));
    cached->changed = false;
  }
}

// A row's time is that of its latest message, so that none is removed early; at most a second late.
void Batch::write_ended() {
  std::ranges::sort(ended_, std::greater{});
  for (auto it = ended_.begin(); it != ended_.end();) {
    const auto [time, first] = *it;
    std::vector<MessageId> ids;
    for (; it != ended_.end() && it->first.ms > time.ms - kEndedRowSpanMs; ++it) ids.push_back(it->second);
    const auto key = ends_key({.row = kEndedRow, .time = time, .message = first});
    floors_.ended.lower_to(key);
    put_unindexed(Family::kEnds, key, encode_ids(ids));
  }
}

Status Batch::commit(bool sync) {
  settle_due();
  write_receipts();
  write_ended_young();
  write_ended();
  write_floor();
  if (rows_.GetWriteBatch()->Count() > 0) {
    if (auto written = database_.write(&sorter_.sorted(*rows_.GetWriteBatch()), sync); !written) {
      discard();
      return written;
    }
  }
  for (const auto& id : ended_young_) young_.erase(id);
  clear();
  receipts_.rotate(kReceiptsCached);
  pending_counts_.rotate(kPendingCountsCached);
  directory_.rotate();
  return {};
}

void Batch::clear() {
  rows_.Clear();
  changed_receipts_.clear();
  ended_young_.clear();
  ended_.clear();
  tally_ = {};
}

void Batch::discard() {
  clear();
  failure_.reset();
  floors_ = {};
  receipts_.clear();
  pending_counts_.clear();
  directory_.clear();
  young_.clear();
  loaded_ = false;
}

}  // namespace herald::adapters
