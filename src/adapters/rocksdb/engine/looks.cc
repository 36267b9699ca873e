#include "adapters/rocksdb/engine/looks.h"

#include <algorithm>
#include <iterator>

#include "adapters/rocksdb/engine/writes.h"
#include "adapters/rocksdb/state/receipt_state.h"

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

std::optional<FetchLook::Answer> FetchLook::look(Batch& batch) {
  found_.resize(ids_.size());
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const auto* young = batch.young().find(ids_[i]);
    if (young == nullptr) {
      missing_.push_back(i);
    } else if (!is_final(state_at(young->receipt, now_))) {
      found_[i] = young->message;
    }
  }
  if (!missing_.empty()) return std::nullopt;
  return std::move(found_);
}

void FetchLook::rest(Reply<Answer> reply) {
  auto ids = at_places(ids_, missing_);
  reads_.submit(
      [found = std::move(found_), ids = std::move(ids), missing = std::move(missing_), now = now_](
          const Database& database) mutable { return filled(found, missing, fetch_messages(database, ids, now)); },
      std::move(reply));
}

std::optional<PendingLook::Answer> PendingLook::look(Batch& batch) {
  young_ = batch.young().waiting(user_agent_, after_, now_);
  if (!batch.has_only_young_pending(user_agent_)) return std::nullopt;
  return merge_pages({}, young_, limit_);
}

void PendingLook::rest(Reply<Answer> reply) {
  reads_.submit(
      [user_agent = user_agent_, after = after_, limit = limit_, now = now_,
       young = std::move(young_)](const Database& database) -> Answer {
        auto rows = read_pending(database, user_agent, after, limit, now);
        if (!rows || young.empty()) return rows;
        return merge_pages(std::move(*rows), young, limit);
      },
      std::move(reply));
}

// What follows the last row of a page that is not the last is not known, so the union ends there too; the page's rows
// alone fill the limit then.
ports::PendingPage merge_pages(ports::PendingPage rows, const std::vector<MessagePtr>& young, std::size_t limit) {
  const auto id = [](const MessagePtr& message) { return message->id; };
  std::vector<MessagePtr> all;
  all.reserve(rows.messages.size() + young.size());
  std::ranges::set_union(rows.messages, young, std::back_inserter(all), {}, id, id);
  const bool cut = all.size() > limit;
  if (cut) all.resize(limit);
  return {.messages = std::move(all), .more = rows.more || cut};
}

std::optional<DeliveriesLook::Answer> DeliveriesLook::look(Batch& batch) {
  const auto* young = batch.young().find(message_);
  if (young == nullptr) return std::nullopt;
  ports::DeliveryPage page;
  const auto& deliveries = young->receipt.deliveries;
  auto it = after_ ? std::ranges::upper_bound(deliveries, *after_, {}, &Delivery::user_agent) : deliveries.begin();
  for (; it != deliveries.end() && page.deliveries.size() < limit_; ++it) {
    page.deliveries.push_back(delivery_at(young->receipt, *it, now_));
  }
  page.more = it != deliveries.end();
  return page;
}

void DeliveriesLook::rest(Reply<Answer> reply) {
  reads_.submit([message = message_, after = after_, limit = limit_, now = now_](
                    const Database& database) { return read_deliveries(database, message, after, limit, now); },
                std::move(reply));
}

std::optional<NodesLook::Answer> NodesLook::look(Batch& batch) {
  const auto& devices = few_devices_of(batch, app_);
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

void NodesLook::rest(Reply<Answer> reply) {
  reads_.submit([app = app_, after = after_,
                 limit = limit_](const Database& database) { return read_nodes(database, app, after, limit); },
                std::move(reply));
}

// Rows that many are asked for at once are a broadcast's: they are read beside, and not kept.
std::optional<LocateLook::Answer> LocateLook::look(Batch& batch) {
  nodes_.reserve(user_agents_.size());
  const bool are_few = user_agents_.size() <= kLocatedMost;
  for (const auto& user_agent : user_agents_) {
    if (are_few) {
      nodes_.push_back(node_of(batch, user_agent));
      continue;
    }
    auto connected = batch.connected().find(user_agent);
    if (!connected) missing_.push_back(nodes_.size());
    nodes_.push_back({.user_agent = user_agent, .location = std::move(connected).value_or(Location{}), .wake = {}});
  }
  if (!missing_.empty()) return std::nullopt;
  return std::move(nodes_);
}

void LocateLook::rest(Reply<Answer> reply) {
  auto user_agents = at_places(user_agents_, missing_);
  reads_.submit(
      [nodes = std::move(nodes_), user_agents = std::move(user_agents), missing = std::move(missing_)](
          const Database& database) mutable { return filled(nodes, missing, read_locations(database, user_agents)); },
      std::move(reply));
}

std::optional<SleepersLook::Answer> SleepersLook::look(Batch& batch) {
  batch.settle_all();
  return std::nullopt;
}

void SleepersLook::rest(Reply<Answer> reply) {
  reads_.submit_in_steps([scan = std::move(scan_)](const Database& database) mutable { return scan.step(database); },
                         std::move(reply));
}

}  // namespace herald::adapters
