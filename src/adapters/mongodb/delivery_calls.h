#pragma once
// The calls of ports::DeliveryStore, a batch at a time. Private to this folder.

#include "adapters/mongodb/lane.h"
#include "ports/delivery_store.h"

namespace herald::adapters::mongodb {

struct Add {
  std::vector<ports::NewDeliveries> entries;
  WallTime now;
};
using AddCall = Call<Add, ports::AddOutcome>;
[[nodiscard]] Status add_deliveries(Context& context, std::span<AddCall> calls);
[[nodiscard]] inline std::size_t weight(const AddCall& call) {
  std::size_t devices = 1;
  for (const auto& entry : call.in.entries) devices += entry.user_agents.size();
  return devices;
}

struct Pending {
  UserAgentId user_agent;
  std::optional<MessageId> after;
  std::size_t limit = 0;
  WallTime now;
};
using PendingCall = Call<Pending, ports::PendingPage>;
[[nodiscard]] Status read_pending(Context& context, std::span<PendingCall> calls);

using RecordCall = Call<std::vector<DeliveryEvent>, std::uint64_t>;
[[nodiscard]] Status record_events(Context& context, std::span<RecordCall> calls);
[[nodiscard]] inline std::size_t weight(const RecordCall& call) {
  return call.in.size() + 1;
}

struct OfMessage {
  MessageId message;
  std::optional<UserAgentId> after;
  std::size_t limit = 0;
  WallTime now;
};
using OfMessageCall = Call<OfMessage, ports::DeliveryPage>;
[[nodiscard]] Status read_deliveries(Context& context, std::span<OfMessageCall> calls);

}  // namespace herald::adapters::mongodb
