#include "roles/app_server/receipt_progress.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "domain/message_id_source.h"

namespace herald::roles::app_server {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kIdBytes = 16;

// The greatest id that is less; `id` is not all zero.
MessageId before(MessageId id) {
  for (auto byte = id.bytes.rbegin(); byte != id.bytes.rend(); ++byte) {
    if ((*byte)-- != 0) break;
  }
  return id;
}

void append(std::vector<std::uint8_t>& out, const MessageId& id) {
  out.insert(out.end(), id.bytes.begin(), id.bytes.end());
}

}  // namespace

// Version, through, how many wait up to there, those, and those told after it.
std::string ReceiptProgress::cursor() const {
  MessageId through = through_;
  std::vector<MessageId> waiting;
  for (const auto& id : waiting_) {
    if (id > through) break;
    if (waiting.size() == kListed) {
      through = before(id);
      break;
    }
    waiting.push_back(id);
  }
  std::vector<std::uint8_t> out{kVersion};
  append(out, through);
  out.push_back(static_cast<std::uint8_t>(waiting.size()));
  for (const auto& id : waiting) append(out, id);
  std::size_t listed = 0;
  for (auto id = recent_.rbegin(); id != recent_.rend() && listed < kListed; ++id, ++listed) append(out, *id);
  return to_base64url(out);
}

Result<ReceiptProgress> ReceiptProgress::from_cursor(std::string_view cursor, std::size_t waiting_max) {
  const auto raw = from_base64url(cursor);
  constexpr std::size_t kFixed = 1 + kIdBytes + 1;
  if (!raw || raw->size() < kFixed || raw->front() != kVersion || (raw->size() - kFixed) % kIdBytes != 0) {
    return fail(ErrorKind::kInvalid, "not a cursor");
  }
  const ByteView bytes(*raw);
  const std::size_t waiting = bytes[kFixed - 1];
  const std::size_t ids = (raw->size() - kFixed) / kIdBytes;
  if (waiting > kListed || waiting > ids || ids - waiting > kListed) return fail(ErrorKind::kInvalid, "not a cursor");

  ReceiptProgress progress(waiting_max);
  progress.snapshot_ = false;
  progress.through_ = *MessageId::from_bytes(bytes.subspan(1, kIdBytes));
  for (std::size_t i = 0; i < ids; ++i) {
    const auto id = *MessageId::from_bytes(bytes.subspan(kFixed + i * kIdBytes, kIdBytes));
    // None of a true cursor is zero, or on the other side.
    if (id == MessageId{} || (id <= progress.through_) != (i < waiting))
      return fail(ErrorKind::kInvalid, "not a cursor");
    (i < waiting ? progress.waiting_ : progress.recent_).insert(id);
  }
  return progress;
}

bool ReceiptProgress::told(const MessageId& id) const {
  return id <= through_ ? !waiting_.contains(id) : recent_.contains(id);
}

const MessageId* ReceiptProgress::next_waiting() const {
  const auto found = waiting_.upper_bound(swept_);
  return found == waiting_.end() || *found > through_ ? nullptr : &*found;
}

ReceiptProgress::Read ReceiptProgress::next() const {
  const MessageId* const waits = sweeping_ ? next_waiting() : nullptr;
  if (waits != nullptr) return {before(*waits), kWaitingRows};
  if (front_at_) return {front_at_, kFrontRows};
  return {through_ == MessageId{} ? std::nullopt : std::optional(through_), kFrontRows};
}

void ReceiptProgress::take(const ports::ReceiptPage& page, WallTime now, const Tell& tell) {
  const bool news = sweeping_ ? take_waiting(page, tell) : take_front(page, now, tell);
  if (!news) ++reads_;
  const bool enough = reads_ >= kReadsPerRound;
  if (sweeping_ && next_waiting() == nullptr) {
    swept_ = {};
    round_over_ = true;
  } else {
    round_over_ = enough;
  }
  if (!round_over_) return;
  sweeping_ = false;
  reads_ = 0;
}

bool ReceiptProgress::take_front(const ports::ReceiptPage& page, WallTime now, const Tell& tell) {
  const MessageId settled = first_id_at(now - kLateRows);
  bool news = false;
  for (const auto& row : page.messages) {
    const bool final = is_final(row.state);
    if (!final && !waiting_.contains(row.id)) {
      if (waiting_.size() >= waiting_max_) {
        begin_sweep();
        return news;
      }
      waiting_.insert(row.id);
      if (snapshot_) tell(row);
      news = true;
    } else if (final && !told(row.id)) {
      waiting_.erase(row.id);
      recent_.insert(row.id);
      advance(std::min(row.id, settled));
      tell(row);
      news = true;
    }
    advance(std::min(row.id, settled));
    front_at_ = row.id;
  }
  if (page.more) return news;
  snapshot_ = false;
  advance(settled);
  begin_sweep();
  return news;
}

void ReceiptProgress::advance(const MessageId& to) {
  if (to <= through_) return;
  through_ = to;
  recent_.erase(recent_.begin(), recent_.upper_bound(to));
}

void ReceiptProgress::begin_sweep() {
  front_at_.reset();
  sweeping_ = true;
  reads_ = 0;
}

// One that is not in the log any more has ended long ago, or its subscription has.
bool ReceiptProgress::take_waiting(const ports::ReceiptPage& page, const Tell& tell) {
  const MessageId to = page.more ? std::min(page.messages.back().id, through_) : through_;
  bool news = false;
  auto waits = waiting_.upper_bound(swept_);
  auto row = page.messages.begin();
  while (waits != waiting_.end() && *waits <= to) {
    row = std::find_if(row, page.messages.end(), [&](const auto& status) { return status.id >= *waits; });
    const bool there = row != page.messages.end() && row->id == *waits;
    if (there && !is_final(row->state)) {
      ++waits;
      continue;
    }
    waits = waiting_.erase(waits);
    if (!there) continue;
    tell(*row);
    news = true;
  }
  swept_ = to;
  return news;
}

}  // namespace herald::roles::app_server
