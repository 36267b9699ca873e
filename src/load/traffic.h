#pragma once
// When the senders of one loop post what to whom: an open loop with intended start times, or a closed loop with a
// bounded number under way.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "load/schedule.h"
#include "load/sender_pool.h"
#include "load/wake_timer.h"

namespace herald::load {

// The part of one loop.
struct TrafficOrder {
  double rate = 0;              // a second; 0: as many as go
  std::uint64_t count = 0;      // messages; 0: until `end`
  MonoTime end{};               // no message is intended for this time or later; 0: none
  std::uint64_t in_flight = 0;  // at rate 0, over all loops: deliveries owed and not arrived; 0: any number
  bool real_life = false;       // priorities, ttl, replaced ids
};

// The apps that loop `loop` of `loops` posts to: loop, loop + loops, …
[[nodiscard]] std::uint64_t apps_of_loop(std::uint64_t apps, std::uint64_t loop, std::uint64_t loops);

class Traffic {
 public:
  // `all`: the counters of all loops.
  Traffic(Site& site, SenderPool& senders, std::vector<const Counters*> all);

  void start(const TrafficOrder& order);
  // Posts what is due; to be called in every round of the loop.
  void pump();
  // Everything that was ordered is posted and answered.
  [[nodiscard]] bool done() const { return !order_ && senders_.under_way() == 0; }

 private:
  // A sender's id that is used again and again for one app.
  struct Reused {
    std::uint64_t sequence = 0;
    std::uint64_t generation = 0;
    bool under_way = false;
    bool accepted = false;
  };

  bool due(MonoTime now);
  void post_one(std::int64_t intended_ns);
  void dress_for_real_life(Posting& posting, std::string& id, std::uint64_t& slot);
  void note_settled(std::uint64_t sequence, Outcome outcome);
  [[nodiscard]] bool window_full() const;

  Site& site_;
  SenderPool& senders_;
  const std::vector<const Counters*> all_;
  const std::uint64_t apps_;  // of this loop
  WakeTimer timer_;
  std::optional<TrafficOrder> order_;
  std::optional<Schedule> schedule_;
  std::uint64_t posted_ = 0;
  std::unordered_map<std::uint64_t, Reused> reused_;                 // by app and number
  std::unordered_map<std::uint64_t, std::uint64_t> slot_under_way_;  // by sequence
};

}  // namespace herald::load
