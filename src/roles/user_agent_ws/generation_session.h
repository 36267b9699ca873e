#pragma once
// One generation of the protocol family on one connection: text in, replies and calls out, no socket. The connection's
// first frame decides which generation it speaks; the delivery window and the role are the same for all.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/ids.h"
#include "domain/location.h"
#include "domain/message.h"
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
  // Adds to the refusals by reason.
  virtual void count_refusal(std::string_view reason) = 0;

  // The device that this connection is; null before go_online() succeeded.
  [[nodiscard]] virtual const UserAgentId* user_agent() const = 0;
  // Makes this connection the place where `user_agent` is found; an earlier connection of the same one is closed.
  virtual void go_online(const UserAgentId& user_agent, std::move_only_function<void(Status)> then) = 0;
  // The device is online and was told so: what is pending for it may follow.
  virtual void start_deliveries() = 0;
  // From now on the device is reached by pings at `wake`.
  virtual void go_to_sleep(const UserAgentId& user_agent, const WakeInterface& wake,
                           std::move_only_function<void(Status)> then) = 0;
  // `user_agent` acked these; it need not be this connection's device.
  virtual void acked(const UserAgentId& user_agent, const std::vector<MessageId>& messages) = 0;
  // These were written to `user_agent` outside its window.
  virtual void handed_out(const UserAgentId& user_agent, const std::vector<MessagePtr>& messages) = 0;
};

enum class Generation : std::uint8_t { kFlow2012 };

class GenerationSession {
 public:
  virtual ~GenerationSession() = default;
  [[nodiscard]] virtual Generation generation() const = 0;
  virtual void on_text(std::string_view text) = 0;
  virtual void on_binary() = 0;
  // The frame that delivers `message`; the same for all devices of this generation.
  [[nodiscard]] virtual std::string delivery_frame(const Message& message) const = 0;
};

}  // namespace herald::roles::user_agent_ws
