#pragma once
// What a connection of the 2012 flow does (docs/protocols.md; the seed's wiki page of 31 July 2012): registrations,
// acks, getAllMessages. Requests are answered strictly in the order in which they came, since the plain replies `OK`
// and the bare URL name no request: one is worked on, the others wait in line.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "domain/fair_share.h"
#include "protocol/user_agent/flow2012/frame.h"
#include "roles/user_agent_ws/generation_session.h"

namespace herald::roles::user_agent_ws {

class DeviceConnection final : public GenerationSession {
 public:
  explicit DeviceConnection(SessionHost& host);
  ~DeviceConnection() override;

  [[nodiscard]] Generation generation() const override { return Generation::kFlow2012; }
  void on_text(std::string_view text) override;
  void on_binary() override;
  void on_drained() override { go_on(); }
  [[nodiscard]] bool wants(const Message& message) const override { return message.kind == PayloadKind::kFlow2012; }
  [[nodiscard]] std::string delivery_frame(const Message& message) const override;

 private:
  // A frame that is answered with an error and ends the connection.
  struct Refusal {
    std::string reply;
    std::string_view metric;
    transport::CloseCode code;
  };
  using Waiting = std::variant<protocol::flow2012::Request, Refusal>;
  using Spelling = protocol::flow2012::Spelling;
  struct Line;

  void take(Waiting waiting, std::size_t size);
  // This and handle() answer true if the request is done, false if finish() follows later.
  bool perform(const Waiting& waiting);
  bool handle(Spelling spelling, const protocol::flow2012::RegisterUa& request);
  bool handle(Spelling spelling, const protocol::flow2012::RegisterWa& request);
  bool handle(Spelling spelling, const protocol::flow2012::UnregisterWa& request);
  bool handle(Spelling spelling, const protocol::flow2012::GetAllMessages& request);
  bool handle(Spelling spelling, const protocol::flow2012::Ack& request);

  bool register_online(Spelling spelling, const UserAgentId& user_agent);
  bool register_asleep(Spelling spelling, const UserAgentId& user_agent, const WakeInterface& wake);
  // Reads a device's pending messages after `after` to their end, page by page, for one answer.
  void read_pending(const UserAgentId& user_agent, std::optional<MessageId> after, std::shared_ptr<FairShare> share);
  // True: the connection stays as it is; false: it is closed if the device turns out to be asleep.
  bool hand_out(const UserAgentId& user_agent, const std::vector<MessagePtr>& pending);

  // Replies with an error text, counts it under `metric`, and closes (refuse) or keeps the connection (decline).
  bool refuse(std::string_view text, std::string_view metric);
  bool decline(std::string_view text, std::string_view metric);
  void close(transport::CloseCode code, std::string_view reason);
  // The device that a request speaks for: by its own token, or without one by registration. Null: it was refused.
  [[nodiscard]] std::optional<UserAgentId> speaker(std::string_view uatoken);

  // The device that registers or unregisters an app: by its token, or without one the connection's own.
  [[nodiscard]] std::optional<UserAgentId> owner(std::string_view uatoken, bool bad_uatoken) const;

  Line& line();
  void finish();
  // Performs what waits, one after the other, as long as the device reads what it is answered.
  void go_on();
  // A Reply that runs `then(value)`, and finish() if that is done, unless this session is gone by then.
  template <class T, class Then>
  Reply<T> answer(Then then);

  SessionHost& host_;
  std::unique_ptr<Line> line_;  // only while a request is worked on or waits
};

}  // namespace herald::roles::user_agent_ws
