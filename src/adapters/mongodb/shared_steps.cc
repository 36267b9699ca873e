#include "adapters/mongodb/shared_steps.h"

#include <algorithm>

#include "adapters/mongodb/schema.h"

namespace herald::adapters::mongodb {

namespace {

// Keeps a command far from BSON's 16 MiB.
constexpr std::size_t kIdsPerCommand = 10'000;

[[nodiscard]] Result<bool> has_delivery(Context& context, const MessageId& message, const char* field,
                                        const Document& condition) {
  Document filter = deliveries_of(message);
  filter.document(field, condition);
  const auto one = context.database.find_one(kDeliveries, {filter, {"v"}});
  if (!one) return std::unexpected(one.error());
  return one->has_value();
}

struct Resolution {
  std::vector<End> acked;
  std::vector<End> dropped;
};

// Asks of one routed message with several deliveries.
Status resolve_many(Context& context, const StoredMessage& message, WallTime at, Resolution& resolution) {
  static const Document not_acked = number_of("$lt", 3);
  static const Document is_open = flag_of("$eq", true);
  const auto unacked = has_delivery(context, message.message.id, "state", not_acked);
  if (!unacked) return std::unexpected(unacked.error());
  if (!*unacked) {
    resolution.acked.push_back({&message, at});
    return {};
  }
  if (!message.open) return {};
  const auto outstanding = has_delivery(context, message.message.id, "open", is_open);
  if (!outstanding) return std::unexpected(outstanding.error());
  if (!*outstanding) resolution.dropped.push_back({&message, at});
  return {};
}

[[nodiscard]] Result<std::map<std::string, StoredDelivery, std::less<>>> read_sole_deliveries(Context& context,
                                                                                              const Heads& heads) {
  std::vector<std::string> ids;
  for (const auto& [id, head] : heads) {
    if (head.sole && !head.acked_at) ids.push_back(delivery_id(id, *head.sole));
  }
  const auto documents = find_by_ids(context, kDeliveries, ids, {});
  if (!documents) return std::unexpected(documents.error());
  std::map<std::string, StoredDelivery, std::less<>> found;
  for (const auto& document : *documents) {
    const auto delivery = readable(context, read_delivery(Row(document)));
    if (!delivery) continue;
    found.emplace(delivery_id(delivery->message, delivery->user_agent), *delivery);
  }
  return found;
}

void close_deliveries(const StoredMessage& message, std::vector<Update>& updates) {
  if (message.sole) {
    updates.push_back({text_of("_id", delivery_id(message.message.id, *message.sole)), closed_change()});
  } else if (message.many) {
    updates.push_back({deliveries_of(message.message.id), closed_change(), true});
  }
}

}  // namespace

Document any_of(const char* field, std::span<const std::string> values) {
  if (values.size() == 1) return text_of(field, values.front());
  Document in;
  in.texts("$in", values);
  return document_of(field, in);
}

Document with_ids(std::span<const std::string> ids) {
  return any_of("_id", ids);
}

Result<std::vector<Document>> find_by_ids(Context& context, const char* collection, std::span<const std::string> ids,
                                          std::vector<const char*> fields) {
  std::vector<Document> all;
  while (!ids.empty()) {
    const auto now = ids.first(std::min(ids.size(), kIdsPerCommand));
    ids = ids.subspan(now.size());
    auto found = context.database.find(collection, {with_ids(now), fields});
    if (!found) return found;
    std::ranges::move(*found, std::back_inserter(all));
  }
  return all;
}

void leave_alone(Context& context, const Error& unreadable) {
  context.metrics.failed(unreadable.kind);
  context.log.error("document left alone",
                    {{"kind", to_string(unreadable.kind)}, {"error", std::string_view(unreadable.message)}});
}

Heads readable_heads(Context& context, const std::vector<Document>& documents) {
  Heads heads;
  for (const auto& document : documents) {
    auto head = readable(context, read_message(Row(document)));
    if (!head) continue;
    const MessageId id = head->message.id;
    heads.emplace(id, std::move(*head));
  }
  return heads;
}

Result<Heads> read_heads(Context& context, const std::set<MessageId>& ids) {
  std::vector<std::string> texts;
  for (const auto& id : ids) texts.push_back(id.hex());
  const auto documents =
      find_by_ids(context, kMessages, texts, {std::begin(kMessageHeadFields), std::end(kMessageHeadFields)});
  if (!documents) return std::unexpected(documents.error());
  return readable_heads(context, *documents);
}

Status end_messages(Context& context, std::span<const End> ends, const char* reason, DeliveryState state) {
  std::vector<Update> updates;
  std::vector<Update> closings;
  for (const auto& [message, at] : ends) {
    updates.push_back({text_of("_id", message->message.id.hex()), end_of_message(reason, at)});
    if (state != DeliveryState::kAcked) close_deliveries(*message, closings);
  }
  const auto ended = context.database.update(kMessages, updates);
  if (!ended) return std::unexpected(ended.error());
  context.metrics.ended(state, ended->changed);
  const auto closed = context.database.update(kDeliveries, closings);
  return closed ? Status{} : Status(std::unexpected(closed.error()));
}

Result<Replacements> settle_slots(Context& context, const std::set<std::string>& slots) {
  Replacements outcome;
  if (slots.empty()) return outcome;
  const std::vector<std::string> wanted(slots.begin(), slots.end());
  Document filter = any_of("slot", wanted);
  filter.flag("open", true);
  const auto documents =
      context.database.find(kMessages, {filter, {std::begin(kMessageHeadFields), std::end(kMessageHeadFields)}});
  if (!documents) return std::unexpected(documents.error());
  // One that can't be read may be what is replaced, or what replaces.
  const Heads heads = readable_heads(context, *documents);
  if (heads.size() < documents->size()) return fail(ErrorKind::kCorrupt, "a message that shares a replace key");

  std::map<std::string, const StoredMessage*> newest;
  std::vector<End> ends;
  for (const auto& [id, head] : heads) {
    const StoredMessage*& before = newest[slot_of(head.message.app, head.message.replace_key)];
    const bool outstanding = before != nullptr && !is_final(before->state(head.message.accepted_at));
    if (outstanding) {
      ends.push_back({before, head.message.accepted_at});
      outcome.older_of[id] = before->message.id;
      outcome.replaced.insert(before->message.id);
    }
    before = &head;
  }
  if (auto ended = end_messages(context, ends, "replaced_at", DeliveryState::kReplaced); !ended) {
    return std::unexpected(ended.error());
  }
  return outcome;
}

Status end_if_resolved(Context& context, const std::set<MessageId>& messages, WallTime at) {
  if (messages.empty()) return {};
  const auto heads = read_heads(context, messages);
  if (!heads) return std::unexpected(heads.error());
  const auto sole = read_sole_deliveries(context, *heads);
  if (!sole) return std::unexpected(sole.error());
  Resolution resolution;
  for (const auto& [id, head] : *heads) {
    if (head.acked_at) continue;
    if (head.sole) {
      const auto found = sole->find(delivery_id(id, *head.sole));
      if (found == sole->end()) continue;
      if (found->second.state == DeliveryState::kAcked) resolution.acked.push_back({&head, at});
      if (found->second.state == DeliveryState::kDropped && head.open) resolution.dropped.push_back({&head, at});
    } else if (head.routed) {
      if (auto asked = resolve_many(context, head, at, resolution); !asked) return asked;
    }
  }
  if (auto ended = end_messages(context, resolution.acked, "acked_at", DeliveryState::kAcked); !ended) return ended;
  return end_messages(context, resolution.dropped, "dropped_at", DeliveryState::kDropped);
}

Status drop_deliveries(Context& context, std::span<const StoredDelivery> deliveries, WallTime at) {
  std::vector<Update> updates;
  std::set<MessageId> messages;
  for (const auto& delivery : deliveries) {
    updates.push_back({text_of("_id", delivery_id(delivery.message, delivery.user_agent)), dropped_change(at)});
    messages.insert(delivery.message);
  }
  const auto dropped = context.database.update(kDeliveries, updates);
  if (!dropped) return std::unexpected(dropped.error());
  context.metrics.dropped_deliveries(dropped->changed);
  return end_if_resolved(context, messages, at);
}

}  // namespace herald::adapters::mongodb
