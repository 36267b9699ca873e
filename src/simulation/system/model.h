#pragma once
// What must hold, told in plain maps (the table of invariants in ARCHITECTURE.md). The world tells the model what
// senders, devices and the store's port saw; the model answers the first rule that is broken.
//
// A sender's request carries a number that is in the message's body, so that a message is known by its content until
// the store's port shows its id. Steps are the ground's: they order what happened.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "domain/delivery.h"
#include "domain/ids.h"
#include "domain/message.h"
#include "simulation/system/ground.h"

namespace herald::simulation::system {

using Step = std::uint64_t;  // 0: not yet

class Model {
 public:
  struct Post {
    AppId app;
    Step began = 0;
    Step accepted = 0;  // the sender has the answer that it is stored
    std::optional<MessageId> id;
  };
  struct Known {
    std::uint64_t post = 0;
    AppId app;
    std::string key;
    PayloadKind kind = PayloadKind::kFlow2012;
    bool transient = false;
    WallTime expires_at;
    Step asked = 0;        // the store was asked to keep it
    Step stored = 0;       // and said that it does
    Step ended = 0;        // somebody was told that it is replaced or cancelled
    bool may_end = false;  // a cancellation was asked for, or the device may have dropped it
  };
  // One answer to a sender who asked for a receipt.
  struct Receipt {
    Step asked = 0;
    Step answered = 0;
    std::uint64_t acked = 0;
    bool is_final = false;
  };

  explicit Model(const Ground& ground) : ground_(ground) {}

  // The first broken rule; nullopt: all hold.
  [[nodiscard]] const std::optional<std::string>& violation() const { return violation_; }
  void violated(std::string_view rule, std::string_view what);

  // Senders. Numbers start at 1.
  [[nodiscard]] std::uint64_t begin_post(const AppId& app);
  void accepted(std::uint64_t post);
  // The sender's id of a message was told in the answer.
  void told_id(std::uint64_t post, const MessageId& id);
  void cancel_asked(const MessageId& id);
  void cancelled(const MessageId& id);
  void receipt(const MessageId& id, const Receipt& receipt);

  // The store's port.
  void put_asked(const Message& message);
  void put_answered(const MessageId& id, bool stored);
  void recorded(const std::vector<DeliveryEvent>& events);
  // A message that a read showed which was asked at `asked`.
  struct Shown {
    MessageId id;
    Step asked = 0;
  };
  // The task that runs until end_read() works on reads that showed these. What a page showed counts for the pages that
  // are asked for in its task too: an answer may be gathered from several.
  void begin_read(std::vector<Shown> shown);
  void end_read();
  [[nodiscard]] const std::vector<Shown>& reading() const { return reading_; }

  // Devices.
  void registering(const UserAgentId& device, const AppId& app);
  void registered(const UserAgentId& device, const AppId& app);
  void unregistering(const UserAgentId& device, const AppId& app);
  void acked(const UserAgentId& device, const MessageId& id) { acks_.emplace(id, device); }
  void received(const UserAgentId& device, const MessageId& id) { received_.emplace(id, device); }
  // Herald writes a message to a device, at this time of the server's. `number` as its body has it, 0: not shown.
  // `in_task`: a socket's frame, which leaves in the task that read it; else an answer to a pull.
  void written(const UserAgentId& device, const MessageId& id, std::uint64_t number, WallTime now, bool in_task);

  [[nodiscard]] const Known* find(const MessageId& id) const;
  [[nodiscard]] const Post& post(std::uint64_t number) const { return posts_[number - 1]; }
  [[nodiscard]] const std::map<MessageId, Known>& messages() const { return messages_; }
  [[nodiscard]] std::uint64_t posts() const { return posts_.size(); }
  [[nodiscard]] bool has_acked(const UserAgentId& device, const MessageId& id) const {
    return acks_.contains({id, device});
  }
  [[nodiscard]] bool has_received(const UserAgentId& device, const MessageId& id) const {
    return received_.contains({id, device});
  }
  // The devices that were registered for the message's app before it was posted, and have been ever since.
  [[nodiscard]] std::vector<UserAgentId> sure_recipients(const Known& message) const;
  [[nodiscard]] bool is_sure_recipient(const Known& message, const UserAgentId& device) const;
  // It has asked for the app's messages at some time.
  [[nodiscard]] bool may_receive(const UserAgentId& device, const AppId& app) const {
    return registrations_.contains({app, device});
  }
  [[nodiscard]] bool anyone_registered(const AppId& app) const;
  // Requests that were on their way have arrived.
  void calm_down();
  // After the calm: every accepted message, or one that replaced it, reached its sure recipients.
  void check_delivered(WallTime now);

 private:
  struct Registration {
    Step since = 0;       // the device was told; 0: not sure
    bool unsure = false;  // a late request may take it back
  };
  [[nodiscard]] bool delivered_or_followed(const Known& message, const UserAgentId& device, WallTime now) const;

  const Ground& ground_;
  std::optional<std::string> violation_;
  std::vector<Post> posts_;
  std::map<MessageId, Known> messages_;
  std::map<std::pair<AppId, UserAgentId>, Registration> registrations_;
  std::set<std::pair<MessageId, UserAgentId>> acks_;
  std::set<std::pair<MessageId, UserAgentId>> received_;
  std::map<MessageId, std::vector<Receipt>> receipts_;
  std::vector<Shown> reading_;
};

}  // namespace herald::simulation::system
