#pragma once
// Makes message ids whose byte order is the order of the calls, across all threads of the process. The first eight
// bytes are the wall clock in microseconds, unless the clock is behind the last id: then they are that id's plus one.
// So after the clock was ahead, ids run ahead of the time until the clock has caught up; the order of acceptance is
// kept meanwhile, and nothing but the order may be read from an id.

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
  // Every id from now on is greater than `newest`, such as the newest one of the store at a start.
  void start_after(const MessageId& newest);

 private:
  const Clock& clock_;
  RandomSource& random_;
  std::atomic<std::uint64_t> last_us_{0};
};

// When the id was made, to the millisecond: no earlier than its message was accepted, but perhaps later (see above).
[[nodiscard]] WallTime made_at(const MessageId& id);

// The smallest id that can be made at `time`: for range scans.
[[nodiscard]] MessageId first_id_at(WallTime time);

}  // namespace herald
