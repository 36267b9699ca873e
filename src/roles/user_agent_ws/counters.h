#pragma once
// What one shard counts.

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/metrics.h"
#include "domain/message.h"

namespace herald::roles::user_agent_ws {

class Counters {
 public:
  explicit Counters(Metrics& metrics);

  // By reason: a short constant name, never text from outside.
  void refused(std::string_view reason);
  // What devices say became of a notification or subscription; `code` is one of a few, never text from outside.
  void reported(std::string_view kind, std::string_view code);
  void delivered(Priority priority, double seconds_since_accepted);

  Gauge& devices;
  Gauge& connections;
  Counter& sent;
  Counter& acks;
  Counter& takeovers;
  Counter& takeovers_slowed;
  Counter& events_given_up;
  Counter& store_failures;
  Histogram& ack_seconds;

 private:
  Metrics& metrics_;
  Histogram* delivery_seconds_[3];
  std::unordered_map<std::string, Counter*> refusals_;
  std::unordered_map<std::string, Counter*> reports_;
};

}  // namespace herald::roles::user_agent_ws
