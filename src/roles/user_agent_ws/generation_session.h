#pragma once
// One generation of the protocol family on one connection: text in, replies and calls out, no socket. The connection's
// first frame decides which generation it speaks; the delivery window and the role are the same for all.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/ids.h"
#include "domain/location.h"
#include "domain/message.h"
#include "protocol/user_agent/generation.h"
#include "roles/user_agent_ws/broadcast_board.h"
#include "roles/user_agent_ws/context.h"
#include "transport/websocket.h"

namespace herald::roles::user_agent_ws {

// What a session can ask of the connection it lives on. Everything on the shard's thread. A `then` is called later, at
// most once, and not after the session is gone.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  [[nodiscard]] virtual Context& context() = 0;

  virtual void send(std::string_view text) = 0;
  // After what was sent. Nothing is read or sent after it.
  virtual void close(transport::CloseCode code, std::string_view reason) = 0;
  // What was sent waits for the peer to read; GenerationSession::on_drained() follows.
  [[nodiscard]] virtual bool blocked() const = 0;
  // Adds to the refusals by reason.
  virtual void count_refusal(std::string_view reason) = 0;

  // The device that this connection is; null before go_online() succeeded.
  [[nodiscard]] virtual const UserAgentId* user_agent() const = 0;
  // Makes this connection the place where `user_agent` is found; an earlier connection of the same one is closed. A
  // device that was taken over often lately waits for it (domain/takeover_pace.h).
  // `wake`: where it sleeps when the connection ends, as in Directory::set_location().
  virtual void go_online(const UserAgentId& user_agent, std::optional<WakeInterface> wake,
                         std::move_only_function<void(Status)> then) = 0;
  // The device is online and was told so, or wants more than before: what is pending for it may follow.
  virtual void start_deliveries() = 0;
  // What was sent and not acked is sent again.
  virtual void resend() = 0;
  // From now on the device is reached by pings at `wake`.
  virtual void go_to_sleep(const UserAgentId& user_agent, const WakeInterface& wake,
                           std::move_only_function<void(Status)> then) = 0;
  // `user_agent` acked these; it need not be this connection's device.
  virtual void acked(const UserAgentId& user_agent, const std::vector<MessageId>& messages) = 0;
  // These were written to `user_agent` outside its window.
  virtual void handed_out(const UserAgentId& user_agent, const std::vector<MessagePtr>& messages) = 0;

  // `user_agent` left `app`, so it will not ack what it was sent of it. It need not be this connection's device.
  virtual void left_app(const UserAgentId& user_agent, const AppId& app) = 0;

  // Adds to what devices report, by kind ("ack", "nack", "unregister") and their code.
  virtual void count_report(std::string_view kind, std::string_view code) = 0;
  [[nodiscard]] virtual BroadcastBoard& broadcasts() = 0;
};

using protocol::Generation;

class GenerationSession {
 public:
  virtual ~GenerationSession() = default;
  [[nodiscard]] virtual Generation generation() const = 0;
  virtual void on_text(std::string_view text) = 0;
  virtual void on_binary() = 0;
  // False: not for this device now. It stays pending and is asked for again at the next start_deliveries().
  [[nodiscard]] virtual bool wants(const Message& message) const = 0;
  // The frame that delivers `message`, which it wants; the same for all devices of this generation. Empty: what is
  // stored of it can't be read.
  [[nodiscard]] virtual std::string delivery_frame(const Message& message) const = 0;
  // The peer has read what waited for it.
  virtual void on_drained() {}
  // That frame was sent.
  virtual void sent(const Message& /*message*/) {}
};

}  // namespace herald::roles::user_agent_ws
