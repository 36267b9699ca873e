#pragma once
// What the sweeps call: unrouted(), newest() and purge(). Private to this folder.

#include "adapters/mongodb/lane.h"
#include "ports/message_store.h"

namespace herald::adapters::mongodb {

struct ListUnrouted {
  std::optional<MessageId> after;
  WallTime before;
  std::size_t limit = 0;
};
using UnroutedCall = Call<ListUnrouted, std::vector<ports::Unrouted>>;
[[nodiscard]] Status list_unrouted(Context& context, std::span<UnroutedCall> calls);

struct FindNewest {};
using NewestCall = Call<FindNewest, std::optional<MessageId>>;
[[nodiscard]] Status find_newest(Context& context, std::span<NewestCall> calls);

struct Purge {
  WallTime now;
  std::chrono::milliseconds receipt_retention{0};
  std::size_t limit = 0;
};
using PurgeCall = Call<Purge, ports::PurgeOutcome>;
[[nodiscard]] Status purge_messages(Context& context, std::span<PurgeCall> calls);

}  // namespace herald::adapters::mongodb
