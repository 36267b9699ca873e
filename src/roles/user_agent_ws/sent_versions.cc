#include "roles/user_agent_ws/sent_versions.h"

#include <algorithm>

namespace herald::roles::user_agent_ws {

void SentVersions::note(std::string_view channel, std::uint64_t version, const MessageId& message) {
  if (std::ranges::find(entries_, message, &Entry::message) != entries_.end()) return;
  entries_.push_back({std::string(channel), version, message});
}

std::vector<MessageId> SentVersions::acked(std::string_view channel, std::uint64_t version) {
  std::vector<MessageId> messages;
  std::erase_if(entries_, [&](const Entry& entry) {
    const bool covered = entry.channel == channel && entry.version <= version;
    if (covered) messages.push_back(entry.message);
    return covered;
  });
  if (entries_.empty()) entries_.shrink_to_fit();
  return messages;
}

}  // namespace herald::roles::user_agent_ws
