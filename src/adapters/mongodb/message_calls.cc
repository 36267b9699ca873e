#include "adapters/mongodb/message_calls.h"

#include <algorithm>
#include <map>
#include <memory>

#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/shared_steps.h"

namespace herald::adapters::mongodb {

namespace {

[[nodiscard]] std::vector<const char*> head_fields() {
  return {std::begin(kMessageHeadFields), std::end(kMessageHeadFields)};
}

// The newest message that has the key, as its replace key or as its id in hex.
[[nodiscard]] Result<std::optional<StoredMessage>> find_by_key(Context& context, const ByKey& by) {
  std::vector<Document> either;
  if (!by.key.empty()) either.push_back(text_of("slot", slot_of(by.app, by.key)));
  const auto id = MessageId::from_hex(by.key);
  if (id && id->hex() == by.key) {
    either.push_back(text_of("_id", by.key));
    either.back().text("app", by.app.hex());
  }
  if (either.empty()) return std::nullopt;
  Document filter;
  filter.documents("$or", either);
  const Document newest_first = number_of("_id", -1);
  const auto found = context.database.find_one(kMessages, {filter, head_fields(), &newest_first});
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::nullopt;
  auto message = read_message(Row(**found));
  if (!message) return std::unexpected(message.error());
  return std::move(*message);
}

// The status, with its deliveries counted where there may be several.
[[nodiscard]] Result<ports::MessageStatus> counted(Context& context, const StoredMessage& message, WallTime now) {
  ports::MessageStatus status = message.status(now);
  if (!message.many) return status;
  const auto recipients = context.database.count(kDeliveries, deliveries_of(status.id));
  if (!recipients) return std::unexpected(recipients.error());
  Document acked = deliveries_of(status.id);
  acked.number("state", 3);
  const auto acks = context.database.count(kDeliveries, acked);
  if (!acks) return std::unexpected(acks.error());
  status.recipients = *recipients;
  status.acked = *acks;
  return status;
}

[[nodiscard]] Result<ports::MessageStatus> status_by_key(Context& context, const ByKey& by) {
  const auto message = find_by_key(context, by);
  if (!message) return std::unexpected(message.error());
  if (!*message) return fail(ErrorKind::kNotFound, "no such message");
  return counted(context, **message, by.now);
}

[[nodiscard]] Result<ports::MessageStatus> cancel_by_key(Context& context, const ByKey& by) {
  const auto message = find_by_key(context, by);
  if (!message) return std::unexpected(message.error());
  if (!*message) return fail(ErrorKind::kNotFound, "no such message");
  if (!is_final((*message)->state(by.now))) {
    const End end{&**message, by.now};
    const auto ended = end_messages(context, {&end, 1}, "cancelled_at", DeliveryState::kCancelled);
    if (!ended) return std::unexpected(ended.error());
  }
  return status_by_key(context, {by.app, (*message)->message.id.hex(), by.now});
}

// A single call has failed or has not; the batch goes on unless the database is away.
template <class T>
[[nodiscard]] Status set(std::optional<Result<T>>& out, Result<T> result) {
  if (!result && result.error().kind != ErrorKind::kNotFound) return std::unexpected(result.error());
  out = std::move(result);
  return {};
}

[[nodiscard]] Document log_filter(const OfReceipt& of) {
  Document filter = text_of("log", of.receipt.hex());
  if (of.after) filter.document("_id", text_of("$gt", of.after->hex()));
  return filter;
}

[[nodiscard]] Result<std::vector<Document>> log_page(Context& context, const OfReceipt& of, std::size_t limit) {
  if (of.receipt == ReceiptId{}) return std::vector<Document>{};
  static const Document oldest_first = number_of("_id", 1);
  return context.database.find(kMessages, {log_filter(of), head_fields(), &oldest_first, limit});
}

[[nodiscard]] Result<ports::ReceiptPage> receipt_page(Context& context, const OfReceipt& of) {
  const auto documents = log_page(context, of, of.limit + 1);
  if (!documents) return std::unexpected(documents.error());
  ports::ReceiptPage page;
  page.more = documents->size() > of.limit;
  for (const auto& document : std::span(*documents).first(std::min(documents->size(), of.limit))) {
    const auto message = read_message(Row(document));
    if (!message) return std::unexpected(message.error());
    auto status = counted(context, *message, of.now);
    if (!status) return std::unexpected(status.error());
    page.messages.push_back(std::move(*status));
  }
  return page;
}

[[nodiscard]] Result<std::uint64_t> forget(Context& context, const OfReceipt& of) {
  const auto documents = log_page(context, of, of.limit);
  if (!documents) return std::unexpected(documents.error());
  std::vector<Update> updates;
  for (const auto& document : *documents) {
    updates.push_back(
        {text_of("_id", Row(document).text("_id").value_or("")), document_of("$unset", text_of("log", ""))});
  }
  const auto forgotten = context.database.update(kMessages, updates);
  if (!forgotten) return std::unexpected(forgotten.error());
  return documents->size();
}

}  // namespace

// First the new messages, then the end of those they replace: between the two both are there, and add() settles the
// slot again before the new one can be delivered. The other way round a crash would lose the old one for nothing.
Status put_messages(Context& context, std::span<PutCall> calls) {
  std::vector<Document> documents;
  std::set<std::string> slots;
  for (const auto& call : calls) {
    documents.push_back(message_document(call.in));
    if (!call.in.replace_key.empty()) slots.insert(slot_of(call.in.app, call.in.replace_key));
  }
  if (const auto stored = context.database.insert(kMessages, documents); !stored) {
    return std::unexpected(stored.error());
  }
  const auto replacements = settle_slots(context, slots);
  if (!replacements) return std::unexpected(replacements.error());
  for (auto& call : calls) {
    context.metrics.accepted(call.in.priority);
    ports::PutOutcome outcome;
    const auto older = replacements->older_of.find(call.in.id);
    if (older != replacements->older_of.end()) outcome.replaced = older->second;
    call.out = outcome;
  }
  return {};
}

Status fetch_messages(Context& context, std::span<FetchCall> calls) {
  std::set<std::string> wanted;
  for (const auto& call : calls) {
    for (const auto& id : call.in.ids) wanted.insert(id.hex());
  }
  const std::vector<std::string> ids(wanted.begin(), wanted.end());
  const auto documents = find_by_ids(context, kMessages, ids, {});
  if (!documents) return std::unexpected(documents.error());
  std::map<MessageId, std::pair<StoredMessage, MessagePtr>> found;
  for (const auto& document : *documents) {
    auto stored = readable(context, read_message(Row(document)));
    if (!stored) continue;
    auto message = std::make_shared<const Message>(std::move(stored->message));
    stored->message.expires_at = message->expires_at;
    found.emplace(message->id, std::pair(std::move(*stored), message));
  }
  for (auto& call : calls) {
    std::vector<MessagePtr> answer;
    for (const auto& id : call.in.ids) {
      const auto it = found.find(id);
      const bool deliverable =
          it != found.end() && it->second.first.open && !is_final(it->second.first.state(call.in.now));
      answer.push_back(deliverable ? it->second.second : nullptr);
    }
    call.out = std::move(answer);
  }
  return {};
}

Status read_status(Context& context, std::span<StatusCall> calls) {
  for (auto& call : calls) {
    if (auto done = set(call.out, status_by_key(context, call.in)); !done) return done;
  }
  return {};
}

Status cancel_message(Context& context, std::span<StatusCall> calls) {
  for (auto& call : calls) {
    if (auto done = set(call.out, cancel_by_key(context, call.in)); !done) return done;
  }
  return {};
}

Status read_receipt(Context& context, std::span<ReceiptCall> calls) {
  for (auto& call : calls) {
    if (auto done = set(call.out, receipt_page(context, call.in)); !done) return done;
  }
  return {};
}

Status forget_receipts(Context& context, std::span<ForgetCall> calls) {
  for (auto& call : calls) {
    if (auto done = set(call.out, forget(context, call.in)); !done) return done;
  }
  return {};
}

}  // namespace herald::adapters::mongodb
