#pragma once
// What one shard (event loop) of NS-UA-WS works with. Nothing in it is shared with another shard except what is
// thread-safe by its own contract.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/time.h"
#include "base/timer.h"
#include "domain/ids.h"
#include "domain/location.h"
#include "domain/recent_acks.h"
#include "domain/takeover_pace.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_queue.h"
#include "ports/message_store.h"
#include "protocol/queue/envelope.h"
#include "protocol/subscription/endpoint_token.h"
#include "protocol/user_agent/flow2012/ua_token.h"
#include "transport/address.h"

namespace herald::roles::user_agent_ws {

// Requests of one connection that wait for an answer to an earlier one; past either it is closed with 1008.
inline constexpr std::size_t kRequestsWaitingMax = 256;
inline constexpr std::size_t kRequestBytesWaitingMax = 256 * 1024;
// Bytes not yet taken by the kernel, past which nothing more is sent until all have gone out.
inline constexpr std::size_t kUnsentHighWaterBytes = 64 * 1024;
// Pages of pending notifications that one shard reads from the store at a time; further devices wait in line.
inline constexpr std::size_t kPageReadsMax = 64;
// Delivery events in one envelope, and those kept while the queue refuses them (past it the oldest is given up: its
// notification is delivered again).
inline constexpr std::size_t kEventsPerEnvelope = 1'000;
inline constexpr std::size_t kEventsKeptMax = 1'000'000;
inline constexpr std::chrono::milliseconds kRetryDelay{1'000};

struct Config {
  ServerId server;          // this server and its queue: "WS1"
  std::uint32_t shard = 0;  // this event loop's number
  // The server that wakes this device when it sleeps: "UDP1". Called on this shard's thread.
  std::function<ServerId(const UserAgentId&)> sleep_server;
  std::string public_url;  // the origin that notify URLs begin with, without a final slash
  Limits limits;
  std::function<bool(const WakeInterface&)> allowed;  // may this address be pinged?
  // Another shard of this server holds a connection that was taken over from here. Called on this shard's thread.
  std::function<void(std::uint32_t shard, protocol::queue::TakenOver)> tell_shard;
  // How many shards this server has now; a location on a higher one is left over from an earlier run. 0: not known.
  std::uint32_t shards = 0;
  // Of all shards of this server. Null: each shard has its own.
  std::shared_ptr<TakeoverPace> takeovers = nullptr;
  // How often monitors may have taken this server for gone; nothing while that may be so now. Messages that they routed
  // meanwhile were not announced. Any thread. Empty: never.
  std::function<std::optional<std::uint64_t>()> lease_lapses = {};
  // Called on the shard's thread: a device registers over a connection from this address. Empty: nobody wants to know.
  std::function<void(const UserAgentId&, const transport::IpAddress&)> spoke_from = {};
};

// References outlive the role.
struct Context {
  Config config;
  ports::MessageStore& messages;
  ports::DeliveryStore& deliveries;
  ports::Directory& directory;
  ports::MessageQueue& queue;
  Executor& executor;  // the shard's event loop, for answers of the ports
  TimerService& timers;
  const Clock& clock;
  RandomSource& random;
  const protocol::flow2012::UaTokens& tokens;
  const protocol::subscription::EndpointTokens& endpoints;
  RecentAcks& recent_acks;  // the server's: a device's next connection may come to another shard
  Log& log;
  Metrics& metrics;
};

// How logs name a user agent: the first 8 hex digits of a hash, never the token.
[[nodiscard]] std::string log_name(const UserAgentId& user_agent);

}  // namespace herald::roles::user_agent_ws
