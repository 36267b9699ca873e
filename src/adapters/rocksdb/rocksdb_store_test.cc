#include "adapters/rocksdb/rocksdb_store.h"

#include "adapters/rocksdb/store_test_kit.h"
#include "ports/contract/store_contract.h"

namespace herald::ports::contract {
namespace {

const StoreFactory kRocksdb = [](const Limits& limits, const Clock& clock) {
  return std::make_unique<adapters::OpenStore>(std::make_shared<adapters::TemporaryFolder>(), limits, clock);
};

HERALD_INSTANTIATE_STORE_CONTRACT(Rocksdb, kRocksdb);

}  // namespace
}  // namespace herald::ports::contract
