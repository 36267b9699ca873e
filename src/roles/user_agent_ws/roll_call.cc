#include "roles/user_agent_ws/roll_call.h"

#include <algorithm>
#include <utility>

#include "roles/user_agent_ws/connection.h"

namespace herald::roles::user_agent_ws {

namespace {

// Devices located in one call.
constexpr std::size_t kPage = 500;

}  // namespace

void RollCall::begin() {
  waiting_ = table_.online();
  for (const std::uint64_t number : waiting_) table_.find(number)->set_gap(true);
  if (!looking_) next_page();
}

void RollCall::next_page() {
  std::vector<std::uint64_t> page;
  std::vector<UserAgentId> devices;
  while (!waiting_.empty() && page.size() < kPage) {
    const Connection* connection = table_.find(waiting_.back());
    if (connection != nullptr && connection->online()) {
      page.push_back(waiting_.back());
      devices.push_back(connection->device());
    } else {
      unlocated_.erase(waiting_.back());
    }
    waiting_.pop_back();
  }
  looking_ = !page.empty();
  if (!looking_) return;
  nodes_.locate(std::move(devices), [this, page = std::move(page)](const auto& nodes) { located(page, nodes); });
}

void RollCall::located(const std::vector<std::uint64_t>& page, const Result<std::vector<Node>>& nodes) {
  if (!nodes) {
    counters_.store_failures.add();
    waiting_.insert(waiting_.end(), page.begin(), page.end());
    context_.timers.run_after(kRetryDelay, [this] { next_page(); });
    return;
  }
  for (std::size_t i = 0; i < page.size(); ++i) answer(page[i], (*nodes)[i]);
  next_page();
}

void RollCall::answer(std::uint64_t number, const Node& node) {
  Connection* connection = table_.find(number);
  if (connection == nullptr || !connection->online() || connection->closing()) {
    unlocated_.erase(number);
    return;
  }
  const Location& location = node.location;
  const bool here = location.server == context_.config.server && location.connection == number;
  const bool held_elsewhere = location.kind == LocationKind::kWebSocket && !here;
  if (held_elsewhere && !presence_.is_newer(number, location)) {
    unlocated_.erase(number);
    return presence_.taken_over({node.user_agent, context_.config.shard, number});
  }
  if (!here || location.kind != LocationKind::kWebSocket || unlocated_.contains(number)) return write_again(number);
  deliverer_.start(*connection);
}

void RollCall::write_again(std::uint64_t number) {
  presence_.write_location(*table_.find(number), [this, number](const Status& status) {
    Connection* connection = table_.find(number);
    if (status || connection == nullptr) unlocated_.erase(number);
    if (status && connection != nullptr) return deliverer_.start(*connection);
    if (connection != nullptr) try_later(number);
  });
}

void RollCall::locate_later(std::uint64_t number) {
  unlocated_.insert(number);
  table_.find(number)->set_gap(true);
  try_later(number);
}

void RollCall::try_later(std::uint64_t number) {
  waiting_.push_back(number);
  if (std::exchange(planned_, true)) return;
  context_.timers.run_after(kRetryDelay, [this] {
    planned_ = false;
    if (!looking_) next_page();
  });
}

}  // namespace herald::roles::user_agent_ws
