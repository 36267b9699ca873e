#pragma once
// Sends the bodies of one outbox over one connection, as fast as the broker gives credit. On the broker's thread only.

#include <cstdint>
#include <functional>
#include <proton/message.hpp>
#include <proton/messaging_handler.hpp>
#include <proton/sender.hpp>
#include <string>

#include "adapters/amqp/outbox_table.h"
#include "base/time.h"

namespace proton {
class connection;
}

namespace herald::adapters {

class SenderLink final : public proton::messaging_handler {
 public:
  // `ttl_ms`: after that the broker may drop a body; 0: never. `closed` is called when the broker ended the link, with
  // its reason; the outbox is rewound before. The link must outlive its connection, or its own closed().
  SenderLink(proton::connection& connection, OutboxPtr outbox, std::uint64_t ttl_ms,
             std::function<void(const std::string&)> closed);

  [[nodiscard]] const OutboxPtr& outbox() const { return outbox_; }
  // Sends what is next, while there is credit.
  void pump();
  // Asks the broker to end the link; closed() is not called.
  void close();
  // The broker knows nothing of it any more; it may be destroyed.
  [[nodiscard]] bool gone() const { return gone_; }
  // Since when nothing has been published here.
  [[nodiscard]] MonoTime idle_since() const { return idle_since_; }
  void used(MonoTime now) { idle_since_ = now; }

 private:
  void on_sendable(proton::sender& sender) override;
  void on_tracker_accept(proton::tracker& tracker) override;
  void on_tracker_reject(proton::tracker& tracker) override;
  void on_tracker_release(proton::tracker& tracker) override;
  void on_sender_detach(proton::sender& sender) override;
  void on_sender_close(proton::sender& sender) override;
  void on_sender_error(proton::sender& sender) override;
  void on_error(const proton::error_condition& condition) override;
  void ended(const std::string& reason);

  OutboxPtr outbox_;
  std::function<void(const std::string&)> closed_;
  proton::message message_;
  proton::sender sender_;
  std::string reason_ = "closed by the broker";
  MonoTime idle_since_;
  bool closing_ = false;
  bool gone_ = false;
};

}  // namespace herald::adapters
