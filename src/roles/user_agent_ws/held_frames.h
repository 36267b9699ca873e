#pragma once
// Frames that came while their session was busy with an earlier one, such as the hello that decides who the device is.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "roles/user_agent_ws/context.h"

namespace herald::roles::user_agent_ws {

// Owns no memory beyond a pointer while it is empty.
class HeldFrames {
 public:
  // False: there are too many already.
  [[nodiscard]] bool hold(std::string_view frame) {
    if (!held_) held_ = std::make_unique<Held>();
    held_->bytes += frame.size();
    if (held_->frames.size() >= kRequestsWaitingMax || held_->bytes > kRequestBytesWaitingMax) return false;
    held_->frames.emplace_back(frame);
    return true;
  }
  // In the order in which they came; empty afterwards.
  [[nodiscard]] std::vector<std::string> take() {
    if (!held_) return {};
    return std::move(std::exchange(held_, nullptr)->frames);
  }

 private:
  struct Held {
    std::vector<std::string> frames;
    std::size_t bytes = 0;
  };
  std::unique_ptr<Held> held_;
};

}  // namespace herald::roles::user_agent_ws
