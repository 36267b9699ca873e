#include "roles/user_agent_ws/connection_table.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "roles/user_agent_ws/connection.h"

namespace herald::roles::user_agent_ws {

namespace {

// A number is 40 random bits above the slot.
constexpr unsigned kSlotBits = 24;
constexpr std::uint64_t kSlotMask = (std::uint64_t{1} << kSlotBits) - 1;

}  // namespace

std::size_t ConnectionTable::ByUserAgent::operator()(const Connection* connection) const noexcept {
  return IdHash()(connection->device());
}

bool ConnectionTable::ByUserAgent::operator()(const Connection* a, const UserAgentId& b) const noexcept {
  return a->device() == b;
}

std::uint64_t ConnectionTable::add(Connection& connection) {
  std::uint64_t slot = slots_.size();
  if (free_slots_.empty()) {
    HERALD_CHECK(slot < kSlotMask, "more connections on one event loop than descriptors can exist");
    slots_.push_back(&connection);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = &connection;
  }
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes;
  random_.fill(bytes);
  std::uint64_t random = 0;
  std::memcpy(&random, bytes.data(), sizeof(random));
  return ((random | (std::uint64_t{1} << kSlotBits)) & ~kSlotMask) | slot;
}

void ConnectionTable::remove(Connection& connection) {
  HERALD_CHECK(find(connection.number()) == &connection, "a connection leaves the table once");
  take_offline(connection);
  const auto slot = static_cast<std::uint32_t>(connection.number() & kSlotMask);
  slots_[slot] = nullptr;
  free_slots_.push_back(slot);
}

Connection* ConnectionTable::find(std::uint64_t number) const {
  const std::uint64_t slot = number & kSlotMask;
  if (slot >= slots_.size() || slots_[slot] == nullptr || slots_[slot]->number() != number) return nullptr;
  return slots_[slot];
}

void ConnectionTable::put_online(Connection& connection) {
  const bool inserted = online_.insert(&connection).second;
  HERALD_CHECK(inserted && find(connection.device()) == &connection, "a device is online on one connection only");
}

void ConnectionTable::take_offline(Connection& connection) {
  online_.erase(&connection);
}

Connection* ConnectionTable::find(const UserAgentId& user_agent) const {
  const auto found = online_.find(user_agent);
  return found == online_.end() ? nullptr : *found;
}

std::vector<std::uint64_t> ConnectionTable::online() const {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(online_.size());
  for (const Connection* connection : online_) numbers.push_back(connection->number());
  return numbers;
}

}  // namespace herald::roles::user_agent_ws
