#pragma once
// Where devices can be reached now: where the directory has them, unless the server there has lost its lease. A
// connection to a server that is gone is no connection; whoever can be woken is handed to a wake-up server that lives.
//
// The leases are remembered, and read anew whenever one that is needed is not live among them. A server counts as gone
// only by a reading made after the pending deliveries were written: it reads its devices' pending deliveries after it
// has its lease again, so one of the two always sees the other.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "domain/ids.h"
#include "domain/location.h"
#include "domain/server_lease.h"
#include "ports/node_lookup.h"
#include "roles/monitor/monitor_ports.h"
#include "roles/monitor/sorting.h"

namespace herald::roles::monitor {

// On the monitor's loop only.
class Whereabouts {
 public:
  using Then = std::move_only_function<void(Result<Locations>)>;

  explicit Whereabouts(const MonitorPorts& ports);

  // Each device that a server holds or can wake; whoever is missing waits for nobody, such as a device whose stored
  // location is damaged: it finds its deliveries when it connects. Errors are the store's.
  void find(std::vector<UserAgentId> devices, Then then);

 private:
  struct Search {
    std::vector<Node> nodes;
    Then then;
    Locations found;
    std::size_t unanswered = 1;
    std::optional<Error> error;
  };

  [[nodiscard]] bool all_live(const std::vector<Node>& nodes) const;
  void read_leases(std::shared_ptr<Search> search);
  void resolve(const std::shared_ptr<Search>& search);
  void resolve_orphan(const std::shared_ptr<Search>& search, const Node& node);
  void take_over(const std::shared_ptr<Search>& search, const Node& node, const ServerId& sleep_server);
  void tell(Search& search, const UserAgentId& user_agent, const Location& location) const;
  static void answered(Search& search);

  const MonitorPorts& ports_;
  ports::NodeLookup nodes_;
  ServerLeases leases_;
  Counter& orphans_;
};

}  // namespace herald::roles::monitor
