#include "adapters/rocksdb/engine/hot_reads.h"

#include <algorithm>
#include <iterator>

#include "adapters/rocksdb/engine/writes.h"
#include "adapters/rocksdb/state/receipt_state.h"
#include "base/planted.h"

namespace herald::adapters {

namespace {

constexpr std::size_t kLocatedMost = 256;

template <class T>
[[nodiscard]] std::vector<T> at_places(const std::vector<T>& all, const std::vector<std::size_t>& places) {
  std::vector<T> some;
  some.reserve(places.size());
  for (const auto place : places) some.push_back(all[place]);
  return some;
}

// `all` with what was read for `places`, or why it could not be read.
template <class T>
[[nodiscard]] Result<std::vector<T>> filled(std::vector<T>& all, const std::vector<std::size_t>& places,
                                            Result<std::vector<T>> read) {
  if (!read) return read;
  for (std::size_t i = 0; i < places.size(); ++i) all[places[i]] = std::move((*read)[i]);
  return std::move(all);
}

}  // namespace

std::optional<FetchRead::Answer> FetchRead::from_memory(Transaction& txn) {
  found_.resize(ids_.size());
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const auto* in_flight = txn.state().in_flight().find(ids_[i]);
    if (in_flight == nullptr) {
      missing_.push_back(i);
    } else if (!is_final(state_at(in_flight->receipt, now_)) ||
               (planted::is(planted::Fault::kExpiredFetched) && !is_final(in_flight->receipt.end))) {
      found_[i] = in_flight->message;
    }
  }
  if (!missing_.empty()) return std::nullopt;
  return std::move(found_);
}

Rest<FetchRead::Answer> FetchRead::rest() {
  auto ids = at_places(ids_, missing_);
  return [found = std::move(found_), ids = std::move(ids), missing = std::move(missing_),
          now = now_](const RowReader& rows) mutable { return filled(found, missing, fetch_messages(rows, ids, now)); };
}

std::optional<PendingRead::Answer> PendingRead::from_memory(Transaction& txn) {
  in_flight_ = txn.state().in_flight().waiting(user_agent_, after_, now_);
  if (planted::is(planted::Fault::kReadMissesInFlight)) in_flight_.clear();
  if (!txn.waits_only_in_flight(user_agent_)) return std::nullopt;
  return merge_pages({}, in_flight_, limit_);
}

Rest<PendingRead::Answer> PendingRead::rest() {
  return [user_agent = user_agent_, after = after_, limit = limit_, now = now_,
          in_flight = std::move(in_flight_)](const RowReader& rows) -> Answer {
    auto page = read_pending(rows, user_agent, after, limit, now);
    if (!page || in_flight.empty()) return page;
    return merge_pages(std::move(*page), in_flight, limit);
  };
}

// What follows the last row of a page that is not the last is not known, so the union ends there too; the page's rows
// alone fill the limit then.
ports::PendingPage merge_pages(ports::PendingPage rows, const std::vector<MessagePtr>& in_flight, std::size_t limit) {
  const auto id = [](const MessagePtr& message) { return message->id; };
  std::vector<MessagePtr> all;
  all.reserve(rows.messages.size() + in_flight.size());
  std::ranges::set_union(rows.messages, in_flight, std::back_inserter(all), {}, id, id);
  const bool cut = all.size() > limit;
  if (cut) all.resize(limit);
  return {.messages = std::move(all), .more = rows.more || cut};
}

std::optional<DeliveriesRead::Answer> DeliveriesRead::from_memory(Transaction& txn) {
  const auto* in_flight = txn.state().in_flight().find(message_);
  if (in_flight == nullptr) return std::nullopt;
  ports::DeliveryPage page;
  const auto& deliveries = in_flight->receipt.deliveries;
  auto it = after_ ? std::ranges::upper_bound(deliveries, *after_, {}, &Delivery::user_agent) : deliveries.begin();
  for (; it != deliveries.end() && page.deliveries.size() < limit_; ++it) {
    page.deliveries.push_back(delivery_at(in_flight->receipt, *it, now_));
  }
  page.more = it != deliveries.end();
  return page;
}

Rest<DeliveriesRead::Answer> DeliveriesRead::rest() {
  return [message = message_, after = after_, limit = limit_, now = now_](const RowReader& rows) {
    return read_deliveries(rows, message, after, limit, now);
  };
}

std::optional<NodesRead::Answer> NodesRead::from_memory(Transaction& txn) {
  const auto& devices = few_devices_of(txn, app_);
  if (!devices) return std::nullopt;
  ports::NodePage page;
  for (const auto& user_agent : *devices) {
    if (after_ && user_agent <= *after_) continue;
    page.more = page.user_agents.size() == limit_;
    if (page.more) break;
    page.user_agents.push_back(user_agent);
  }
  return page;
}

Rest<NodesRead::Answer> NodesRead::rest() {
  return [app = app_, after = after_, limit = limit_](const RowReader& rows) {
    return read_nodes(rows, app, after, limit);
  };
}

// Rows that many are asked for at once are a broadcast's: they are read beside, and not kept.
std::optional<LocateRead::Answer> LocateRead::from_memory(Transaction& txn) {
  nodes_.reserve(user_agents_.size());
  const bool are_few = user_agents_.size() <= kLocatedMost;
  for (const auto& user_agent : user_agents_) {
    if (are_few) {
      nodes_.push_back(node_of(txn, user_agent));
      continue;
    }
    auto connected = txn.state().connected().find(user_agent);
    if (!connected) missing_.push_back(nodes_.size());
    nodes_.push_back({.user_agent = user_agent, .location = std::move(connected).value_or(Location{}), .wake = {}});
  }
  if (!missing_.empty()) return std::nullopt;
  return std::move(nodes_);
}

Rest<LocateRead::Answer> LocateRead::rest() {
  auto user_agents = at_places(user_agents_, missing_);
  return [nodes = std::move(nodes_), user_agents = std::move(user_agents), missing = std::move(missing_)](
             const RowReader& rows) mutable { return filled(nodes, missing, read_locations(rows, user_agents)); };
}

}  // namespace herald::adapters
