#pragma once
// Which member of a replica set leads. An old primary that is cut off from the others leads on for some seconds:
// whoever is cut off with it reads what was true before, and does not know. It knows afterwards, by the change. Private
// to this folder.

#include <cstdint>
#include <mutex>
#include <string>

namespace herald::adapters::mongodb {

// Thread-safe.
class PrimaryWatch {
 public:
  // A primary was seen: `address` was elected in `election`. Both empty: it is no set, and nothing is remembered.
  void saw(const std::string& address, const std::string& election);

  // How often another primary than before was seen, or the same one elected again.
  [[nodiscard]] std::uint64_t changes() const;

 private:
  mutable std::mutex mutex_;
  std::string last_;
  std::uint64_t changes_ = 0;
};

}  // namespace herald::adapters::mongodb
