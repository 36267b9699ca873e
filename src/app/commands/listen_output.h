#pragma once
// What `herald listen` prints: for people, or one JSON object a line.

#include <cstdint>
#include <ostream>
#include <string>

#include "app/commands/device_session.h"
#include "app/commands/terminal.h"
#include "base/time.h"

namespace herald::app {

class ListenOutput {
 public:
  // `count` 0: never enough.
  ListenOutput(std::ostream& out, std::ostream& notes, Terminal terminal, const Clock& clock, bool json,
               std::uint64_t count)
      : out_(out), notes_(notes), terminal_(terminal), clock_(clock), json_(json), count_(count) {}

  // The URL, once: repeats are silent.
  void registered(const std::string& url, bool signed_only);
  // A Web Push subscription's JSON, once.
  void subscribed(const std::string& subscription);
  // Nothing more is printed once there were enough.
  void arrived(const Arrived& notification);
  // Passing trouble, such as a lost connection; to standard error.
  void note(const std::string& text);
  [[nodiscard]] bool enough() const { return count_ != 0 && shown_ >= count_; }

 private:
  std::ostream& out_;
  std::ostream& notes_;
  Terminal terminal_;
  const Clock& clock_;
  bool json_;
  std::uint64_t count_;
  std::uint64_t shown_ = 0;
  std::string url_;
};

}  // namespace herald::app
