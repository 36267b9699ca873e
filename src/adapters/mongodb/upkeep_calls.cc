#include "adapters/mongodb/upkeep_calls.h"

#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/shared_steps.h"

namespace herald::adapters::mongodb {

namespace {

[[nodiscard]] Result<std::vector<ports::Unrouted>> read_unrouted(Context& context, const ListUnrouted& asked) {
  Document filter = flag_of("unrouted", true);
  if (asked.after) filter.document("_id", text_of("$gt", asked.after->hex()));
  filter.document("accepted", time_of("$lt", asked.before));
  static const Document oldest_first = number_of("_id", 1);
  return find_readable<ports::Unrouted>(context, kMessages, {filter, {"app"}, &oldest_first, asked.limit},
                                        [](const Row& row) -> Result<ports::Unrouted> {
                                          const auto id = read_id<MessageId>(row.text("_id"), "message id");
                                          const auto app = read_id<AppId>(row.text("app"), "app id");
                                          if (!id || !app) return fail(ErrorKind::kCorrupt, "damaged message");
                                          return ports::Unrouted{*id, *app};
                                        });
}

[[nodiscard]] Result<std::optional<MessageId>> read_newest(Context& context) {
  static const Document newest_first = number_of("_id", -1);
  const Document all;
  const auto found = find_readable<MessageId>(context, kMessages, {all, {"v"}, &newest_first, 1}, [](const Row& row) {
    return read_id<MessageId>(row.text("_id"), "message id");
  });
  if (!found) return std::unexpected(found.error());
  return found->empty() ? std::nullopt : std::optional(found->front());
}

[[nodiscard]] Result<Heads> due(Context& context, const Document& filter, std::size_t limit) {
  static const Document earliest_first = number_of("ends", 1);
  const Find earliest{filter, {std::begin(kMessageHeadFields), std::end(kMessageHeadFields)}, &earliest_first, limit};
  auto found =
      find_readable<StoredMessage>(context, kMessages, earliest, [](const Row& row) { return read_message(row); });
  if (!found) return std::unexpected(found.error());
  Heads heads;
  for (auto& head : *found) {
    const MessageId id = head.message.id;
    heads.emplace(id, std::move(head));
  }
  return heads;
}

// A crash may have come between a delivery's ack and the end of its message: such a message was acked, not expired.
[[nodiscard]] Status finish_interrupted_ends(Context& context, const Heads& heads, WallTime now) {
  std::set<MessageId> routed;
  for (const auto& [id, head] : heads) {
    if (head.sole || head.many) routed.insert(id);
  }
  return end_if_resolved(context, routed, now);
}

// Its deliveries stay open: their own expiry keeps them from being delivered, and they go with the message.
[[nodiscard]] Result<std::uint64_t> expire(Context& context, const Purge& what, std::size_t& found) {
  Document filter = flag_of("open", true);
  filter.document("ends", time_of("$lt", what.now + std::chrono::milliseconds(1)));
  const auto heads = due(context, filter, what.limit);
  if (!heads) return std::unexpected(heads.error());
  found = heads->size();
  if (auto done = finish_interrupted_ends(context, *heads, what.now); !done) return std::unexpected(done.error());
  std::vector<Update> updates;
  for (const auto& [id, head] : *heads) {
    Document gone;
    gone.text("open", "").text("unrouted", "").text("body", "").text("meta", "");
    updates.push_back({text_of("_id", id.hex()), document_of("$unset", gone)});
  }
  const auto expired = context.database.update(kMessages, updates);
  if (!expired) return std::unexpected(expired.error());
  context.metrics.ended(DeliveryState::kExpired, expired->changed);
  return expired->changed;
}

// Deliveries go before their message, so that a crash leaves nothing that no purge finds.
[[nodiscard]] Result<std::uint64_t> remove_ended(Context& context, const Purge& what) {
  Document filter = document_of("ends", time_of("$lt", what.now - what.receipt_retention));
  filter.document("open", flag_of("$exists", false));
  const auto heads = due(context, filter, what.limit);
  if (!heads) return std::unexpected(heads.error());
  if (heads->empty()) return 0;
  std::vector<std::string> messages;
  std::vector<std::string> sole;
  std::vector<Document> deliveries;
  for (const auto& [id, head] : *heads) {
    messages.push_back(id.hex());
    if (head.sole) {
      sole.push_back(delivery_id(id, *head.sole));
    } else {
      deliveries.push_back(deliveries_of(id));
    }
  }
  if (!sole.empty()) deliveries.push_back(with_ids(sole));
  if (auto done = context.database.remove(kDeliveries, deliveries); !done) return done;
  const Document all = with_ids(messages);
  return context.database.remove(kMessages, {&all, 1});
}

[[nodiscard]] Result<ports::PurgeOutcome> purge(Context& context, const Purge& what) {
  ports::PurgeOutcome outcome;
  std::size_t found = 0;
  const auto expired = expire(context, what, found);
  if (!expired) return std::unexpected(expired.error());
  const auto removed = remove_ended(context, what);
  if (!removed) return std::unexpected(removed.error());
  outcome.expired = *expired;
  outcome.removed = *removed;
  outcome.more = found >= what.limit || *removed >= what.limit;
  return outcome;
}

}  // namespace

Status list_unrouted(Context& context, std::span<UnroutedCall> calls) {
  for (auto& call : calls) {
    auto found = read_unrouted(context, call.in);
    if (!found) return std::unexpected(found.error());
    call.out = std::move(*found);
  }
  return {};
}

Status find_newest(Context& context, std::span<NewestCall> calls) {
  const auto newest = read_newest(context);
  if (!newest) return std::unexpected(newest.error());
  for (auto& call : calls) call.out = *newest;
  return {};
}

Status purge_messages(Context& context, std::span<PurgeCall> calls) {
  for (auto& call : calls) {
    auto done = purge(context, call.in);
    if (!done) return std::unexpected(done.error());
    call.out = *done;
  }
  return {};
}

}  // namespace herald::adapters::mongodb
