#include "simulation/system/link.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace herald::simulation::system {

using transport::CloseCode;

namespace {

// A stalled device's frames count as large ones, so that a few of them pass the role's high-water mark.
constexpr std::size_t kStalledFrameBytes = 40'000;
// Time until a server notices that its device is gone: a ping's interval and its time-out.
constexpr std::uint32_t kNoticeMostMs = 3'000;
constexpr milliseconds kCloseTimeout{500};

}  // namespace

void Link::open(std::unique_ptr<transport::WebSocketHandler> handler, FrameWatcher* watcher) {
  opened_ = true;
  handler_ = std::move(handler);
  watcher_ = watcher;
  handler_->on_open(*this);
  for (const auto& text : std::exchange(early_, {})) arrives(text);
}

void Link::break_off() {
  ground_.at(next_down(), [self = shared_from_this()] { self->tell_device_closed(); });
}

void Link::tell_device_closed() {
  if (std::exchange(device_closed_, true) || device_ == nullptr) return;
  device_->on_closed();
}

MonoTime Link::next_down() {
  last_down_ = std::max({last_down_, ground_.now() + ground_.lateness(), stalled_until_});
  return last_down_;
}

MonoTime Link::next_up() {
  last_up_ = std::max(last_up_, ground_.now() + ground_.lateness());
  return last_up_;
}

void Link::device_sends(std::string text) {
  if (!open_for_device()) return;
  ground_.at(next_up(), [self = shared_from_this(), text = std::move(text)]() mutable {
    self->strand_.post([self, text = std::move(text)] { self->arrives(text); });
  });
}

void Link::arrives(const std::string& text) {
  if (handler_ == nullptr) {
    if (!server_closing_) early_.push_back(text);
    return;
  }
  if (!server_closing_) handler_->on_text(text);
}

void Link::device_closes() {
  if (!open_for_device()) return;
  device_closed_ = true;
  ground_.at(next_up(), [self = shared_from_this()] {
    self->strand_.post([self] { self->end_server_side(CloseCode::kNormal); });
  });
}

void Link::device_vanishes() {
  if (!open_for_device()) return;
  device_closed_ = true;
  const milliseconds noticed(ground_.choices().below(kNoticeMostMs));
  ground_.after(noticed, [self = shared_from_this()] {
    self->strand_.post([self] { self->end_server_side(CloseCode::kAbnormal); });
  });
}

void Link::stall(milliseconds for_time) {
  stalled_until_ = ground_.now() + for_time;
  ground_.after(for_time, [self = shared_from_this()] {
    self->strand_.post([self] {
      const bool waited = std::exchange(self->unsent_, 0) > 0;
      if (waited && self->handler_ != nullptr && !self->server_closing_) self->handler_->on_drained();
    });
  });
}

void Link::send_text(std::string_view text) {
  HERALD_CHECK(!server_closing_, "nothing is sent after close()");
  if (watcher_ != nullptr) watcher_->frame_written(text, clock_.wall());
  if (stalled_until_ > ground_.now()) unsent_ += kStalledFrameBytes;
  ground_.at(next_down(), [self = shared_from_this(), text = std::string(text)] {
    if (self->open_for_device()) self->device_->on_frame(text);
  });
}

std::size_t Link::unsent_bytes() const {
  return unsent_;
}

// The device answers the close frame, or the server ends it after a while.
void Link::close(CloseCode /*code*/, std::string_view /*reason*/) {
  HERALD_CHECK(!server_closing_, "closed once");
  server_closing_ = true;
  ground_.at(next_down(), [self = shared_from_this()] { self->tell_device_closed(); });
  ground_.after(ground_.choices().chance(300) ? kCloseTimeout : milliseconds(0), [self = shared_from_this()] {
    self->strand_.post([self] { self->end_server_side(CloseCode::kNormal); });
  });
}

void Link::end_server_side(CloseCode code) {
  if (handler_ == nullptr) {
    server_closing_ = true;
    return;
  }
  server_closing_ = true;
  handler_->on_close(code);
  handler_.reset();
  watcher_ = nullptr;
}

void Link::server_dies() {
  server_closing_ = true;
  watcher_ = nullptr;
  handler_.reset();
  break_off();
}

}  // namespace herald::simulation::system
