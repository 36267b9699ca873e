#pragma once
// What a connection of a SimplePush user agent does (docs/protocols.md): hello with the device's channels, of which
// both sides agree afterwards; registrations; version acks; pings, which are also polls; and sleep for those that can
// be woken.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/timer.h"
#include "protocol/user_agent/simplepush/frame.h"
#include "roles/user_agent_ws/generation_session.h"
#include "roles/user_agent_ws/held_frames.h"
#include "roles/user_agent_ws/pending_answers.h"
#include "roles/user_agent_ws/sent_versions.h"

namespace herald::roles::user_agent_ws {

class SimplePushSession final : public GenerationSession {
 public:
  explicit SimplePushSession(SessionHost& host) : host_(host) {}
  ~SimplePushSession() override;

  [[nodiscard]] Generation generation() const override { return Generation::kSimplePush; }
  void on_text(std::string_view text) override;
  void on_binary() override;
  [[nodiscard]] bool wants(const Message& message) const override { return message.kind == PayloadKind::kSimplePush; }
  [[nodiscard]] std::string delivery_frame(const Message& message) const override;
  void sent(const Message& message) override;

 private:
  // kBusy: the hello is being worked on; frames wait.
  enum class State : std::uint8_t { kUnidentified, kBusy, kIdentified, kClosed };

  void handle(const protocol::simplepush::Hello& request);
  void handle(const protocol::simplepush::Register& request);
  void handle(const protocol::simplepush::Unregister& request);
  void handle(const protocol::simplepush::Ack& request);
  void handle(const protocol::simplepush::Ping& request);

  // Drops the channels that the device did not list, and registers those that are not known.
  void resync(const std::vector<std::string>& listed);
  void read_apps(std::optional<AppId> after);
  void agree();
  void register_channel(const std::string& channel);
  void settle();
  [[nodiscard]] bool may_ask();

  void watch_idle();
  void refuse(std::string_view reply, std::string_view metric,
              transport::CloseCode code = transport::CloseCode::kPolicyViolation);
  void close(transport::CloseCode code, std::string_view reason);

  // Only while the two sides compare their channels.
  struct Resync {
    std::map<AppId, std::string> listed;
    std::vector<AppId> stale;
  };

  SessionHost& host_;
  PendingAnswers answers_;
  HeldFrames held_;
  SentVersions sent_;
  std::unique_ptr<Resync> resync_;
  UserAgentId user_agent_;
  State state_ = State::kUnidentified;
  bool can_be_woken_ = false;
  MonoTime heard_at_;
  TimerId idle_timer_ = 0;
};

}  // namespace herald::roles::user_agent_ws
