#include "load/ledger.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace herald::load {

namespace {

// A sequence is the book's number and the message's place in it.
constexpr int kPlaceBits = 40;
constexpr std::uint64_t kChunkMessagesMost = 1024;
constexpr std::uint64_t kChunkWordsMost = 65'536;
constexpr std::size_t kChunksPerBook = 1 << 17;

std::size_t book_of(std::uint64_t sequence) {
  return static_cast<std::size_t>(sequence >> kPlaceBits);
}
std::uint64_t place_of(std::uint64_t sequence) {
  return sequence & ((1ULL << kPlaceBits) - 1);
}

}  // namespace

struct Ledger::Entry {
  std::atomic<std::uint32_t> app{0};
  std::atomic<Outcome> outcome{Outcome::kSent};
  std::atomic<std::int64_t> expires_ms{0};
  std::atomic<std::uint64_t> replaced_by{0};  // 1 + sequence; 0: not replaced
};

struct Ledger::Chunk {
  Chunk(std::size_t messages, std::size_t words)
      : entries(messages), bits(std::make_unique<std::atomic<std::uint64_t>[]>(messages * words)) {}
  std::vector<Entry> entries;
  std::unique_ptr<std::atomic<std::uint64_t>[]> bits;
};

struct Ledger::Book {
  std::uint64_t next = 0;
  std::unique_ptr<std::atomic<Chunk*>[]> chunks = std::make_unique<std::atomic<Chunk*>[]>(kChunksPerBook);
  std::vector<std::unique_ptr<Chunk>> owned;
};

Ledger::Ledger(std::size_t books, std::uint64_t devices, std::uint64_t apps)
    : devices_(devices),
      apps_(apps),
      words_(static_cast<std::size_t>(((devices + apps - 1) / apps + 63) / 64)),
      chunk_messages_(std::clamp<std::uint64_t>(kChunkWordsMost / words_, 1, kChunkMessagesMost)) {
  HERALD_CHECK(apps > 0 && apps <= devices && books > 0, "a ledger needs books, apps, and a device for each app");
  for (std::size_t i = 0; i < books; ++i) books_.push_back(std::make_unique<Book>());
}

Ledger::~Ledger() = default;

std::uint64_t Ledger::begin(std::size_t book, std::uint32_t app, WallTime expires) {
  Book& own = *books_[book];
  const std::uint64_t place = own.next++;
  const std::size_t number = static_cast<std::size_t>(place / chunk_messages_);
  HERALD_CHECK(number < kChunksPerBook, "the run is longer than its ledger");
  if (number == own.owned.size()) {
    own.owned.push_back(std::make_unique<Chunk>(chunk_messages_, words_));
    own.chunks[number].store(own.owned.back().get(), std::memory_order_release);
  }
  Entry& entry = own.owned[number]->entries[place % chunk_messages_];
  entry.expires_ms.store(expires.ms, std::memory_order_relaxed);
  // 1 + app: an entry that was never begun belongs to no app.
  entry.app.store(app + 1, std::memory_order_release);
  return static_cast<std::uint64_t>(book) << kPlaceBits | place;
}

Ledger::Chunk* Ledger::chunk_of(std::uint64_t sequence) const {
  if (book_of(sequence) >= books_.size() || place_of(sequence) / chunk_messages_ >= kChunksPerBook) return nullptr;
  return books_[book_of(sequence)]->chunks[place_of(sequence) / chunk_messages_].load(std::memory_order_acquire);
}

void Ledger::settle(std::uint64_t sequence, Outcome outcome) {
  Chunk* chunk = chunk_of(sequence);
  HERALD_CHECK(chunk != nullptr, "settled before it began");
  chunk->entries[place_of(sequence) % chunk_messages_].outcome.store(outcome, std::memory_order_relaxed);
}

void Ledger::replace(std::uint64_t older, std::uint64_t newer) {
  Chunk* chunk = chunk_of(older);
  HERALD_CHECK(chunk != nullptr, "replaced before it began");
  chunk->entries[place_of(older) % chunk_messages_].replaced_by.store(newer + 1, std::memory_order_relaxed);
}

bool Ledger::has(std::uint64_t sequence, std::uint64_t slot) const {
  const Chunk* chunk = chunk_of(sequence);
  const std::size_t word = place_of(sequence) % chunk_messages_ * words_ + slot / 64;
  return chunk != nullptr && (chunk->bits[word].load(std::memory_order_relaxed) >> slot % 64 & 1) != 0;
}

Arrival Ledger::arrive(std::uint64_t sequence, std::uint32_t app, std::uint64_t device, WallTime now) {
  Chunk* chunk = chunk_of(sequence);
  if (chunk == nullptr || device >= devices_ || device % apps_ != app) return Arrival::kForeign;
  const std::size_t place = place_of(sequence) % chunk_messages_;
  Entry& entry = chunk->entries[place];
  if (entry.app.load(std::memory_order_acquire) != app + 1) return Arrival::kForeign;

  const std::uint64_t slot = device / apps_;
  const std::uint64_t bit = 1ULL << slot % 64;
  const bool had = (chunk->bits[place * words_ + slot / 64].fetch_or(bit, std::memory_order_relaxed) & bit) != 0;
  const std::int64_t expires_ms = entry.expires_ms.load(std::memory_order_relaxed);
  if (expires_ms != 0 && now >= WallTime{expires_ms} + kOnTheWayMost) return Arrival::kLate;
  const std::uint64_t newer = entry.replaced_by.load(std::memory_order_relaxed);
  if (newer != 0 && has(newer - 1, slot)) return Arrival::kLate;
  return had ? Arrival::kRepeat : Arrival::kFirst;
}

std::uint64_t Ledger::devices_of(std::uint32_t app) const {
  return (devices_ - app + apps_ - 1) / apps_;
}

std::uint64_t Ledger::owed_by(std::uint64_t sequence) const {
  const Chunk* chunk = chunk_of(sequence);
  HERALD_CHECK(chunk != nullptr, "asked for before it began");
  return devices_of(chunk->entries[place_of(sequence) % chunk_messages_].app.load(std::memory_order_relaxed) - 1);
}

void Ledger::add_up(std::uint64_t sequence, WallTime now, LedgerTotals& totals) const {
  const Chunk& chunk = *chunk_of(sequence);
  const std::size_t place = place_of(sequence) % chunk_messages_;
  const Entry& entry = chunk.entries[place];
  std::uint64_t got = 0;
  for (std::size_t i = 0; i < words_; ++i) {
    got += static_cast<std::uint64_t>(std::popcount(chunk.bits[place * words_ + i].load(std::memory_order_relaxed)));
  }
  totals.delivered += got;
  const Outcome outcome = entry.outcome.load(std::memory_order_relaxed);
  if (outcome == Outcome::kRefused) ++totals.refused;
  if (outcome == Outcome::kUnknown || outcome == Outcome::kSent) ++totals.unknown;
  if (outcome != Outcome::kAccepted) return;

  ++totals.accepted;
  const std::uint64_t owed = devices_of(entry.app.load(std::memory_order_relaxed) - 1);
  totals.owed += owed;
  const std::uint64_t newer = entry.replaced_by.load(std::memory_order_relaxed);
  const std::int64_t expires_ms = entry.expires_ms.load(std::memory_order_relaxed);
  const bool was_replaced =
      newer != 0 &&
      chunk_of(newer - 1)->entries[place_of(newer - 1) % chunk_messages_].outcome.load() != Outcome::kRefused;
  (was_replaced                                     ? totals.replaced
   : expires_ms != 0 && now >= WallTime{expires_ms} ? totals.expired
                                                    : totals.lost) += owed - got;
}

LedgerTotals Ledger::totals(WallTime now) const {
  LedgerTotals totals;
  for (std::size_t book = 0; book < books_.size(); ++book) {
    for (std::uint64_t place = 0; place < books_[book]->next; ++place) {
      add_up(static_cast<std::uint64_t>(book) << kPlaceBits | place, now, totals);
    }
  }
  return totals;
}

}  // namespace herald::load
