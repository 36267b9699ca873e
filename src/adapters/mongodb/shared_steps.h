#pragma once
// Steps that several calls share: reading messages, ending them, finding that nothing is left to wait for. Each is a
// sequence of changes that may be repeated from its start, see docs/mongodb.md. Private to this folder.

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/lane.h"

namespace herald::adapters::mongodb {

// Finds the documents with these _ids.
[[nodiscard]] Document with_ids(std::span<const std::string> ids);
// Finds the documents whose `field` is one of `values`; at least one.
[[nodiscard]] Document any_of(const char* field, std::span<const std::string> values);

// All documents with these _ids, read in as many commands as their number needs.
[[nodiscard]] Result<std::vector<Document>> find_by_ids(Context& context, const char* collection,
                                                        std::span<const std::string> ids,
                                                        std::vector<const char*> fields);

// Counts and logs a document that can't be read: damaged, or of a newer version.
void leave_alone(Context& context, const Error& unreadable);

// A document as it was read, or nothing: one that can't be read is left alone, and holds up no other.
template <class T>
[[nodiscard]] std::optional<T> readable(Context& context, Result<T> read) {
  if (read) return std::move(*read);
  leave_alone(context, read.error());
  return std::nullopt;
}

// Finds up to `what.limit` documents that can be read, in the order that `what` names; those that can't be read are
// left alone and take no place.
template <class T, class Read>
[[nodiscard]] Result<std::vector<T>> find_readable(Context& context, const char* collection, Find what, Read read) {
  const std::size_t wanted = what.limit;
  while (true) {
    const auto documents = context.database.find(collection, what);
    if (!documents) return std::unexpected(documents.error());
    std::vector<T> found;
    std::vector<Error> unreadable;
    for (const auto& document : *documents) {
      if (found.size() == wanted) break;
      auto one = read(Row(document));
      if (one) {
        found.push_back(std::move(*one));
      } else {
        unreadable.push_back(one.error());
      }
    }
    if (found.size() == wanted || documents->size() < what.limit) {
      for (const auto& error : unreadable) leave_alone(context, error);
      return found;
    }
    what.limit += unreadable.size();
  }
}

using Heads = std::map<MessageId, StoredMessage>;
// Messages without their bodies. Those that are not there are left out, and those that can't be read.
[[nodiscard]] Result<Heads> read_heads(Context& context, const std::set<MessageId>& ids);
[[nodiscard]] Heads readable_heads(Context& context, const std::vector<Document>& documents);

// Ends messages, then closes their deliveries: what ended may not be delivered, whatever its deliveries say.
struct End {
  const StoredMessage* message = nullptr;
  WallTime at;
};
[[nodiscard]] Status end_messages(Context& context, std::span<const End> ends, const char* reason, DeliveryState state);

// Of the outstanding messages in each slot, all but the newest become replaced at the newest one's acceptance. Answers
// which message took the place of which, by the newer one; one that had expired by then counts as no replacement.
struct Replacements {
  std::map<MessageId, MessageId> older_of;
  std::set<MessageId> replaced;
};
[[nodiscard]] Result<Replacements> settle_slots(Context& context, const std::set<std::string>& slots);

// Messages some of whose deliveries became final at `at`: those that wait for none any more end as acked, or dropped.
[[nodiscard]] Status end_if_resolved(Context& context, const std::set<MessageId>& messages, WallTime at);
// The same of messages that were read already, and must have been before their deliveries became final or were written.
[[nodiscard]] Status end_those_resolved(Context& context, const Heads& heads, WallTime at);

// Drops these deliveries, and ends what then waits for nothing.
[[nodiscard]] Status drop_deliveries(Context& context, std::span<const StoredDelivery> deliveries, WallTime at);

}  // namespace herald::adapters::mongodb
