#pragma once
// Makes message ids whose byte order is the order of the calls, across all threads of the process.

#include <atomic>
#include <cstdint>

#include "base/random.h"
#include "base/time.h"
#include "domain/ids.h"

namespace herald {

// Thread-safe if the clock and the randomness are.
class MessageIdSource {
 public:
  MessageIdSource(const Clock& clock, RandomSource& random) : clock_(clock), random_(random) {}

  // Strictly greater than every id this source gave before, even if the wall clock steps back.
  [[nodiscard]] MessageId next();

 private:
  const Clock& clock_;
  RandomSource& random_;
  std::atomic<std::uint64_t> last_us_{0};
};

// When the id was made, to the millisecond.
[[nodiscard]] WallTime made_at(const MessageId& id);

// The smallest id that can be made at `time`: for range scans.
[[nodiscard]] MessageId first_id_at(WallTime time);

}  // namespace herald
