#pragma once
// The time-outs of very many connections, each of which waits for one thing at a time. All entries that wait for the
// same kind of thing have the same time-out, so a list for each kind, in the order of starting, is in the order of
// deadlines too: starting, stopping and finding what has expired are O(1), and an entry is 24 bytes. One thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/limits.h"
#include "base/time.h"

namespace herald::transport {

enum class Deadline : std::uint8_t {
  kHandshake,    // handshake_timeout_ms: TLS, and a WebSocket's first message
  kHttpRequest,  // http_request_timeout_ms
  kHttpIdle,     // http_idle_timeout_ms
  kWrite,        // write_timeout_ms
  kClose,        // close_timeout_ms
  kPing,         // websocket_ping_interval_ms
  kPong,         // websocket_pong_timeout_ms
  kNone,
};

// What waits: a base class. It must be stopped before it is destroyed.
class DeadlineEntry {
 public:
  DeadlineEntry() = default;
  DeadlineEntry(const DeadlineEntry&) = delete;
  DeadlineEntry& operator=(const DeadlineEntry&) = delete;
  // What it waits for; kNone: nothing.
  [[nodiscard]] Deadline deadline_kind() const { return kind_; }

 protected:
  ~DeadlineEntry() = default;

 private:
  friend class DeadlineLists;
  DeadlineEntry* previous_ = nullptr;
  DeadlineEntry* next_ = nullptr;
  std::uint32_t tick_ = 0;  // when it expires, in 2^24 ns, modulo 2^32
  Deadline kind_ = Deadline::kNone;
};

class DeadlineLists {
 public:
  explicit DeadlineLists(const Limits& limits);

  // The entry waits for `kind` from `now` on, and for nothing else. kNone: for nothing.
  void start(DeadlineEntry& entry, Deadline kind, MonoTime now);
  // Starts the entry's present kind again, but leaves it alone if that gains less than a sixteenth of the time-out:
  // busy connections need not touch their neighbours in the list with every message.
  void renew(DeadlineEntry& entry, MonoTime now);
  // An entry whose time has come, stopped; its kind is put in `kind`. nullptr: none.
  [[nodiscard]] DeadlineEntry* take_expired(MonoTime now, Deadline& kind);
  // When the next one expires; nullopt: nothing waits.
  [[nodiscard]] std::optional<MonoTime> next(MonoTime now) const;

 private:
  static constexpr std::size_t kKinds = static_cast<std::size_t>(Deadline::kNone);
  struct List {
    DeadlineEntry* first = nullptr;
    DeadlineEntry* last = nullptr;
    std::chrono::nanoseconds timeout{};
  };

  [[nodiscard]] std::uint32_t tick_after(Deadline kind, MonoTime now) const;
  void unlink(DeadlineEntry& entry);
  List& list(Deadline kind) { return lists_[static_cast<std::size_t>(kind)]; }

  std::array<List, kKinds> lists_{};
};

}  // namespace herald::transport
