// Any bytes as a file of RocksDB's write-ahead log: where it is said to be broken lies in the file, and what comes
// before that place is whole.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "adapters/rocksdb/cold/log_scan.h"
#include "base/check.h"

namespace {

herald::adapters::LogScan scan(std::string_view file) {
  herald::adapters::LogScan scan;
  for (; !file.empty(); file.remove_prefix(std::min(file.size(), herald::adapters::kLogBlockBytes))) {
    scan.add_block(file.substr(0, herald::adapters::kLogBlockBytes));
  }
  scan.finish();
  return scan;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto first = scan(file);
  if (!first.broken_at()) return 0;
  HERALD_CHECK(*first.broken_at() <= size, "the place is in the file");
  HERALD_CHECK(!first.is_cut_short() || !first.has_records_behind(), "nothing follows the end");
  HERALD_CHECK(!scan(file.substr(0, *first.broken_at())).broken_at(), "what is before it is whole");
  return 0;
}
