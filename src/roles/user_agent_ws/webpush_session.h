#pragma once
// What a connection of a Web Push user agent does (docs/protocols.md): hello, registrations, acks, pings, broadcasts.
// A UAID is the device's token: it verifies by itself, so a new one is written down only when the device first
// registers a channel. Until then the device is nobody: it can receive nothing but broadcasts.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "protocol/user_agent/webpush/frame.h"
#include "roles/user_agent_ws/generation_session.h"
#include "roles/user_agent_ws/held_frames.h"
#include "roles/user_agent_ws/pending_answers.h"

namespace herald::roles::user_agent_ws {

class WebPushSession final : public GenerationSession, private BroadcastSubscriber {
 public:
  explicit WebPushSession(SessionHost& host) : host_(host) {}
  ~WebPushSession() override;

  [[nodiscard]] Generation generation() const override { return Generation::kWebPush; }
  void on_text(std::string_view text) override;
  void on_binary() override;
  [[nodiscard]] bool wants(const Message& message) const override;
  [[nodiscard]] std::string delivery_frame(const Message& message) const override;

 private:
  // kBusy: the directory is being told where the device is; frames wait.
  enum class State : std::uint8_t { kUnidentified, kBusy, kIdentified, kClosed };

  void broadcast(std::string_view frame) override { host_.send(frame); }

  void handle(const protocol::webpush::Hello& request);
  void handle(const protocol::webpush::Register& request);
  void handle(const protocol::webpush::Unregister& request);
  void handle(const protocol::webpush::Ack& request);
  void handle(const protocol::webpush::Nack& request);
  void handle(const protocol::webpush::Ping& request);
  void handle(const protocol::webpush::BroadcastSubscribe& request);
  void handle(const protocol::webpush::SetUrgency& request);

  void greet(const std::string& uaid, const protocol::webpush::BroadcastVersions& seen);
  // Frames wait until `then` has run.
  void go_online(std::move_only_function<void(const Status&)> then);
  void register_channel(const protocol::webpush::Register& request);
  void decline(const protocol::subscription::ChannelId& channel, const Error& error);
  [[nodiscard]] bool may_subscribe(const protocol::webpush::BroadcastVersions& broadcasts);
  // False: the device waits for too many answers, and was closed.
  [[nodiscard]] bool may_ask();
  void resume();
  void refuse(std::string_view close_reason, std::string_view metric,
              transport::CloseCode code = transport::CloseCode::kInternalError);

  SessionHost& host_;
  PendingAnswers answers_;
  HeldFrames held_;
  UserAgentId user_agent_;
  std::optional<MonoTime> last_ping_;
  State state_ = State::kUnidentified;
  Urgency least_ = Urgency::kVeryLow;
};

}  // namespace herald::roles::user_agent_ws
