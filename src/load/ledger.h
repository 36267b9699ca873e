#pragma once
// What was sent to whom, and what arrived: the proof behind every figure of a load run. Device d listens to app
// d % apps and is that app's device number d / apps. Each loop has a book of its own that it alone begins messages in;
// arrivals are noted in any book by any thread, without a lock.

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"

namespace herald::load {

// What became of a POST.
enum class Outcome : std::uint8_t {
  kSent = 0,      // no answer yet
  kAccepted = 1,  // 2xx: from now on the server owes it to each device
  kRefused = 2,   // another status
  kUnknown = 3,   // the connection broke: it may arrive, or not
};

// What an arrival was.
enum class Arrival : std::uint8_t {
  kFirst,
  kRepeat,   // the device had it
  kLate,     // after its expiry, or after the message that replaced it
  kForeign,  // not of this run's messages, or of another app
};

// Arrivals this much after the expiry may have been on their way: the server can only stop what it has not sent.
inline constexpr std::chrono::milliseconds kOnTheWayMost{1'000};

struct LedgerTotals {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;
  std::uint64_t owed = 0;       // deliveries that the accepted messages make
  std::uint64_t delivered = 0;  // different deliveries that arrived, of whatever outcome
  std::uint64_t replaced = 0;   // did not arrive, and need not: replaced first
  std::uint64_t expired = 0;    // did not arrive, and need not: expired first
  std::uint64_t lost = 0;       // the rest
};

class Ledger {
 public:
  // At least one book, app and device. `apps` at most `devices`.
  Ledger(std::size_t books, std::uint64_t devices, std::uint64_t apps);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Enters a message for `app`; answers its sequence. `expires`: 0 never. The thread of `book`.
  std::uint64_t begin(std::size_t book, std::uint32_t app, WallTime expires = {});
  // Any thread, once for each sequence.
  void settle(std::uint64_t sequence, Outcome outcome);
  // `newer` carries the same sender's id as `older`, and has begun. Any thread.
  void replace(std::uint64_t older, std::uint64_t newer);
  // Device `device` got `sequence`, whose stamp said `app`. Any thread.
  Arrival arrive(std::uint64_t sequence, std::uint32_t app, std::uint64_t device, WallTime now);

  [[nodiscard]] std::uint64_t devices_of(std::uint32_t app) const;
  // The same for the app of a message that has begun.
  [[nodiscard]] std::uint64_t owed_by(std::uint64_t sequence) const;
  // Adds everything up; `now` decides what has expired. While nothing else runs.
  [[nodiscard]] LedgerTotals totals(WallTime now) const;

 private:
  struct Entry;
  struct Chunk;
  struct Book;

  [[nodiscard]] Chunk* chunk_of(std::uint64_t sequence) const;
  [[nodiscard]] bool has(std::uint64_t sequence, std::uint64_t slot) const;
  void add_up(std::uint64_t sequence, WallTime now, LedgerTotals& totals) const;

  const std::uint64_t devices_;
  const std::uint64_t apps_;
  const std::size_t words_;  // of arrival bits per message
  const std::uint64_t chunk_messages_;
  std::vector<std::unique_ptr<Book>> books_;
};

}  // namespace herald::load
