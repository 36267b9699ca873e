#include "adapters/mongodb/shared_steps.h"

#include <algorithm>

#include "adapters/mongodb/schema.h"

namespace herald::adapters::mongodb {

namespace {

// Keeps a command far from BSON's 16 MiB.
constexpr std::size_t kIdsPerCommand = 10'000;

// Messages of one question about deliveries, and how many rows its answer may have for each of them: all that an app of
// some devices has, so that such messages need one question together.
constexpr std::size_t kMessagesPerQuestion = 100;
constexpr std::size_t kRowsPerMessage = 16;

// Up to kRowsPerMessage times as many ids of deliveries of these messages as there are messages; at least one message.
[[nodiscard]] Result<std::vector<Document>> some_deliveries(Context& context, const std::set<MessageId>& messages,
                                                            const char* field, const Document& condition) {
  std::vector<Document> ranges;
  for (const auto& id : messages) ranges.push_back(deliveries_of(id));
  Document filter;
  filter.documents("$or", ranges).document(field, condition);
  return context.database.find(kDeliveries, {filter, {"_id"}, nullptr, kRowsPerMessage * messages.size()});
}

// Those of the messages that have no delivery of which `condition` holds. Every row rules a message out, so that a
// message with a great many is not read to its end.
[[nodiscard]] Result<std::set<MessageId>> without_delivery(Context& context, const std::set<MessageId>& messages,
                                                           const char* field, const Document& condition) {
  std::set<MessageId> without;
  for (auto next = messages.begin(); next != messages.end();) {
    std::set<MessageId> asked;
    while (next != messages.end() && asked.size() < kMessagesPerQuestion) asked.insert(*next++);
    for (bool all = false; !all && !asked.empty();) {
      const std::size_t before = asked.size();
      const auto rows = some_deliveries(context, asked, field, condition);
      if (!rows) return std::unexpected(rows.error());
      all = rows->size() < kRowsPerMessage * before;
      for (const auto& row : *rows) {
        const std::string_view name = Row(row).text("_id").value_or("");
        if (const auto id = MessageId::from_hex(name.substr(0, name.find(':')))) asked.erase(*id);
      }
      if (!all && asked.size() == before) return fail(ErrorKind::kInternal, "deliveries that were not asked for");
    }
    without.merge(asked);
  }
  return without;
}

struct Resolution {
  std::vector<End> acked;
  std::vector<End> dropped;
};

// Of routed messages with several deliveries: which wait for none any more.
Status resolve_several(Context& context, const std::map<MessageId, const StoredMessage*>& messages, WallTime at,
                       Resolution& resolution) {
  static const Document is_open = flag_of("$eq", true);
  static const Document not_acked = number_of("$lt", 3);
  std::set<MessageId> ids;
  for (const auto& [id, message] : messages) ids.insert(id);
  const auto closed = without_delivery(context, ids, "open", is_open);
  if (!closed) return std::unexpected(closed.error());
  const auto acked = without_delivery(context, *closed, "state", not_acked);
  if (!acked) return std::unexpected(acked.error());
  for (const auto& id : *closed) {
    const StoredMessage& message = *messages.at(id);
    if (acked->contains(id)) {
      resolution.acked.push_back({&message, at});
    } else if (message.open) {
      resolution.dropped.push_back({&message, at});
    }
  }
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
  return end_those_resolved(context, *heads, at);
}

Status end_those_resolved(Context& context, const Heads& heads, WallTime at) {
  const auto sole = read_sole_deliveries(context, heads);
  if (!sole) return std::unexpected(sole.error());
  Resolution resolution;
  std::map<MessageId, const StoredMessage*> several;
  for (const auto& [id, head] : heads) {
    if (head.acked_at) continue;
    if (head.sole) {
      const auto found = sole->find(delivery_id(id, *head.sole));
      if (found == sole->end()) continue;
      if (found->second.state == DeliveryState::kAcked) resolution.acked.push_back({&head, at});
      if (found->second.state == DeliveryState::kDropped && head.open) resolution.dropped.push_back({&head, at});
    } else if (head.routed) {
      several.emplace(id, &head);
    }
  }
  if (auto asked = resolve_several(context, several, at, resolution); !asked) return asked;
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
