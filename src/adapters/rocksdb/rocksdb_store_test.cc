#include "adapters/rocksdb/rocksdb_store.h"

#include "adapters/rocksdb/store_test_kit.h"
#include "ports/contract/store_contract.h"

namespace herald::ports::contract {
namespace {

[[nodiscard]] std::unique_ptr<StoreUnderTest> open_store(const Limits& limits, const Clock& clock) {
  return std::make_unique<adapters::OpenStore>(std::make_shared<adapters::TemporaryFolder>(), limits, clock);
}

// What is young stays in memory, is written by the next commit, or with the change itself.
const StoreFactory kYoung = open_store;
const StoreFactory kSoonWritten = [](const Limits& limits, const Clock& clock) {
  Limits chosen = limits;
  chosen.young_bytes = 0;
  return open_store(chosen, clock);
};
const StoreFactory kWrittenAtOnce = [](const Limits& limits, const Clock& clock) {
  Limits chosen = limits;
  chosen.young_ms = 0;
  return open_store(chosen, clock);
};

HERALD_INSTANTIATE_STORE_CONTRACT(Rocksdb, kYoung);
// Of what knows young messages.
const auto kOthers = testing::Values(kSoonWritten, kWrittenAtOnce);
INSTANTIATE_TEST_SUITE_P(RocksdbWritten, MessageStoreContract, kOthers);
INSTANTIATE_TEST_SUITE_P(RocksdbWritten, MessageUpkeepContract, kOthers);
INSTANTIATE_TEST_SUITE_P(RocksdbWritten, DeliveryStoreContract, kOthers);
INSTANTIATE_TEST_SUITE_P(RocksdbWritten, PendingContract, kOthers);
INSTANTIATE_TEST_SUITE_P(RocksdbWritten, ReceiptLogContract, kOthers);

}  // namespace
}  // namespace herald::ports::contract
