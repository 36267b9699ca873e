#pragma once
// The registry of the servers that hold devices: who has which server id, until when. The rules of message_store.h on
// threads, order and errors hold here too. An embedded store has one process, and may keep this in memory.

#include <string>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/ids.h"
#include "domain/server_lease.h"

namespace herald::ports {

class ServerRegistry {
 public:
  virtual ~ServerRegistry() = default;

  // Takes or keeps the server id for `lease.holder` until `lease.until`, in one step. kConflict: at `now` another
  // holder's lease of it is live; nothing has changed then. Who is slow to renew keeps an id that nobody else took.
  virtual void renew(ServerLease lease, WallTime now, Reply<Status> reply) = 0;

  // Gives the id back: it is not listed any more. Ignored unless `holder` holds it.
  virtual void release(ServerId server, std::string holder, Reply<Status> reply) = 0;

  // Every lease, live or lapsed, in the order of the server ids. One that lapsed more than kLapsedLeaseKept ago may be
  // missing.
  virtual void list(Reply<Result<std::vector<ServerLease>>> reply) = 0;
};

}  // namespace herald::ports
