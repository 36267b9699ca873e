#pragma once
// One open WebSocket of NS-UA-WS: joins the socket, the session of the generation that the device speaks, and its
// delivery window. Kept small: this is what an idle device costs the role.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "roles/user_agent_ws/delivery_window.h"
#include "roles/user_agent_ws/generation_session.h"
#include "transport/websocket.h"

namespace herald::roles::user_agent_ws {

struct Shard;

class Connection final : public transport::WebSocketHandler, public SessionHost {
 public:
  // `subprotocol`: push-notification was offered and selected.
  Connection(Shard& shard, bool subprotocol) : shard_(shard), subprotocol_(subprotocol) {}

  // The socket's side.
  void on_open(transport::WebSocket& socket) override;
  void on_text(std::string_view text) override;
  void on_binary(std::string_view bytes) override;
  void on_drained() override;
  void on_close(transport::CloseCode code) override;

  // The session's side.
  [[nodiscard]] Context& context() override;
  void send(std::string_view text) override;
  void close(transport::CloseCode code, std::string_view reason) override;
  void count_refusal(std::string_view reason) override;
  [[nodiscard]] const UserAgentId* user_agent() const override { return online_ ? &device_ : nullptr; }
  void go_online(const UserAgentId& user_agent, std::optional<WakeInterface> wake,
                 std::move_only_function<void(Status)> then) override;
  void start_deliveries() override;
  void resend() override;
  void go_to_sleep(const UserAgentId& user_agent, const WakeInterface& wake,
                   std::move_only_function<void(Status)> then) override;
  void acked(const UserAgentId& user_agent, const std::vector<MessageId>& messages) override;
  void handed_out(const UserAgentId& user_agent, const std::vector<MessagePtr>& messages) override;
  void left_app(const UserAgentId& user_agent, const AppId& app) override;
  void count_report(std::string_view kind, std::string_view code) override;
  [[nodiscard]] BroadcastBoard& broadcasts() override;

  // The role's side.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  // Means something only while online, and in the table while it is.
  [[nodiscard]] const UserAgentId& device() const { return device_; }
  [[nodiscard]] bool online() const { return online_; }
  // Since when, by this machine's clock.
  [[nodiscard]] WallTime online_since() const { return online_since_; }
  // No longer the place where its device is found: leaving must not touch the directory.
  [[nodiscard]] bool displaced() const { return displaced_; }
  [[nodiscard]] bool closing() const { return closing_; }
  void set_online(const UserAgentId& user_agent);
  void set_offline() { online_ = false; }
  void set_displaced() { displaced_ = true; }

  [[nodiscard]] DeliveryWindow& window() { return window_; }
  [[nodiscard]] GenerationSession& session() { return *session_; }
  // So many bytes wait for the peer that nothing more should be sent before on_drained().
  [[nodiscard]] bool blocked() const override;
  // Whether the connection stands in the line for reading a page.
  [[nodiscard]] bool in_line() const { return in_line_; }
  void set_in_line(bool in_line) { in_line_ = in_line; }
  // Messages for the device may not have been announced, until its location is known to be written and
  // Deliverer::start() was called: it reads what is pending before it is sent anything new.
  [[nodiscard]] bool has_gap() const { return has_gap_; }
  void set_gap(bool gap) { has_gap_ = gap; }
  // Whether a timer waits for something in the window to expire.
  [[nodiscard]] bool expiry_watched() const { return expiry_watched_; }
  void set_expiry_watched(bool watched) { expiry_watched_ = watched; }

 private:
  // Whether a message is past websocket_message_max_bytes, and no SimplePush hello, which may be longer.
  [[nodiscard]] bool too_long(std::string_view text);
  void refuse_too_long();
  // Chooses the session by the first frame; null: it was refused.
  [[nodiscard]] std::unique_ptr<GenerationSession> session_for(std::string_view first_frame);
  void tell_address(const UserAgentId& user_agent);
  void refuse(std::string_view reply, transport::CloseCode code, std::string_view reason, std::string_view metric);

  Shard& shard_;
  transport::WebSocket* socket_ = nullptr;
  std::unique_ptr<GenerationSession> session_;  // from the first frame on
  DeliveryWindow window_;
  std::uint64_t number_ = 0;
  UserAgentId device_;
  WallTime online_since_;
  bool online_ = false;
  bool displaced_ = false;
  bool closing_ = false;
  bool in_line_ = false;
  bool expiry_watched_ = false;
  bool has_gap_ = false;
  bool subprotocol_;
};

}  // namespace herald::roles::user_agent_ws
