#pragma once
// herald_refusals_total, one cell for each reason that occurs.

#include <map>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace herald::roles::app_server {

// One loop's; not thread-safe.
class RefusalCounts {
 public:
  explicit RefusalCounts(Metrics& metrics) : metrics_(metrics) {}

  // `reason` comes from a fixed set of names, never from input.
  void add(std::string_view reason) {
    auto found = cells_.find(reason);
    if (found == cells_.end()) found = cells_.emplace(std::string(reason), &cell(reason)).first;
    found->second->add();
  }

 private:
  Counter& cell(std::string_view reason) {
    return metrics_.counter("herald_refusals_total", "Requests, frames and connections refused, by reason.",
                            {{"reason", std::string(reason)}});
  }

  Metrics& metrics_;
  std::map<std::string, Counter*, std::less<>> cells_;
};

}  // namespace herald::roles::app_server
