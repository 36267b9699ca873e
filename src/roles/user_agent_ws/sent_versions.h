#pragma once
// Which messages stand behind the versions that a SimplePush device was sent: it acks a channel and a version, the
// store wants message ids. An ack covers the versions up to its own; one that crosses with a newer update leaves that
// pending.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"

namespace herald::roles::user_agent_ws {

class SentVersions {
 public:
  // A message that was noted before changes nothing.
  void note(std::string_view channel, std::uint64_t version, const MessageId& message);
  // The messages of `channel` with versions up to `version`; they are forgotten.
  [[nodiscard]] std::vector<MessageId> acked(std::string_view channel, std::uint64_t version);

 private:
  struct Entry {
    std::string channel;
    std::uint64_t version;
    MessageId message;
  };
  std::vector<Entry> entries_;
};

}  // namespace herald::roles::user_agent_ws
