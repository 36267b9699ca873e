#pragma once
// The directory: which apps exist, which user agents registered for them, and where each user agent is. The rules of
// message_store.h on threads, order and errors hold here too.

#include <optional>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "domain/app.h"
#include "domain/ids.h"
#include "domain/location.h"

namespace herald::ports {

struct NodePage {
  std::vector<UserAgentId> user_agents;
  bool more = false;
};

// The apps that a user agent registered for.
struct AppPage {
  std::vector<App> apps;
  bool more = false;
};

// `before`, which set_location() answered, kept `written` from being stored.
[[nodiscard]] inline bool overruled(const Location& written, const Location& before) {
  return written.order != 0 && before.order >= written.order && before != written;
}

class Directory {
 public:
  virtual ~Directory() = default;

  // Registers `user_agent` for `app`, durably; makes the app and the node if they are new. Repeating it changes
  // nothing. An app keeps the key it has; one without a key gets that of a registration that brings one, so that a
  // registration never removes what the app's URL demands. kConflict: the app has a key, and the new registration has
  // none. kExhausted: apps_per_device or devices_per_app would be passed.
  virtual void register_app(App app, UserAgentId user_agent, Reply<Status> reply) = 0;

  // Takes the registration back, durably. The device's pending deliveries of that app become kDropped. Answers false if
  // there was none. An app goes with its last registration, and a node that has no registration, wake interface and
  // location left goes too.
  virtual void unregister_app(AppId app, UserAgentId user_agent, Reply<Result<bool>> reply) = 0;

  // kNotFound: nobody is registered for it.
  virtual void find_app(AppId app, Reply<Result<App>> reply) = 0;

  // Up to `limit` devices of `app` after `after`, in the order of their ids.
  virtual void nodes_of(AppId app, std::optional<UserAgentId> after, std::size_t limit,
                        Reply<Result<NodePage>> reply) = 0;

  // Up to `limit` apps of `user_agent` after `after`, in the order of their ids.
  virtual void apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit,
                       Reply<Result<AppPage>> reply) = 0;

  // Says where the user agent is now; makes the node if it is new. `wake` replaces the stored interface if given; one
  // without an ip takes the stored one away.
  // Answers what was stored before: a kWebSocket location there names the connection that this one takes over from.
  // A store that several processes share keeps what it has if that has no lesser `order`, and answers it, so that a
  // write that comes late, perhaps from a process that is gone, changes nothing: overruled() tells. A store of one
  // process may write it all the same, since calls for a device take effect in the order asked.
  virtual void set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake,
                            Reply<Result<Location>> reply) = 0;

  // Called when a connection ends: if the stored location is still that `connection` of `server`, it becomes kSleeping
  // on `sleep_server` if the node has a wake interface, else kDisconnected. Answers the location after that.
  virtual void leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server,
                     Reply<Result<Location>> reply) = 0;

  // For each user agent, in the same order: its node; an unknown one is kDisconnected.
  virtual void locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) = 0;

  // Up to `limit` nodes that sleep on `server` and have deliveries pending, after `after`: to ping again after a
  // restart.
  virtual void sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit,
                        Reply<Result<std::vector<Node>>> reply) = 0;
};

}  // namespace herald::ports
