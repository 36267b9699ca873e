#include "adapters/mongodb/mongodb_store.h"

#include "adapters/mongodb/store_test_kit.h"
#include "ports/contract/store_contract.h"

namespace herald::ports::contract {
namespace {

const StoreFactory kMongodb = [](const Limits& limits, const Clock& clock) {
  return std::make_unique<adapters::mongodb::MongodbUnderTest>(limits, clock);
};

HERALD_INSTANTIATE_STORE_CONTRACT(Mongodb, kMongodb);

}  // namespace
}  // namespace herald::ports::contract
