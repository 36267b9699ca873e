#include "adapters/in_memory/in_memory_store.h"

#include "ports/contract/store_contract.h"

namespace herald::ports::contract {
namespace {

class InMemoryStoreUnderTest final : public StoreUnderTest {
 public:
  InMemoryStoreUnderTest(const Limits& limits, const Clock& clock) : store_(limits, clock) {}
  MessageStore& messages() override { return store_; }
  DeliveryStore& deliveries() override { return store_; }
  Directory& directory() override { return store_; }
  ReceiptLog& receipts() override { return store_; }
  ServerRegistry& servers() override { return store_; }

 private:
  adapters::InMemoryStore store_;
};

const StoreFactory kInMemory = [](const Limits& limits, const Clock& clock) {
  return std::make_unique<InMemoryStoreUnderTest>(limits, clock);
};

HERALD_INSTANTIATE_STORE_CONTRACT(InMemory, kInMemory);

}  // namespace
}  // namespace herald::ports::contract
