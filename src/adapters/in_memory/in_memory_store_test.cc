#include "adapters/in_memory/in_memory_store.h"

#include "ports/contract/store_contract.h"
#include "ports/contract/waiting_executor.h"

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

TEST(InMemoryStoreTest, NoRowIsLeftWhenNothingIsRegisteredAndNobodyIsThere) {
  adapters::InMemoryStore store{Limits{}};
  WaitingExecutor executor;
  const auto registered = [&](std::uint64_t n) {
    const App app{.id = app_id(n), .kind = PayloadKind::kWebPush, .public_key_pem = ""};
    return await<Status>(executor, [&](Reply<Status> reply) { store.register_app(app, device(n), std::move(reply)); });
  };
  const auto move = [&](std::uint64_t n, const Location& to) {
    (void)await<Result<Location>>(executor, [&](Reply<Result<Location>> reply) {
      store.set_location(device(n), to, std::nullopt, std::move(reply));
    });
  };
  for (std::uint64_t n = 1; n <= 200; ++n) {
    move(n, {.kind = LocationKind::kWebSocket, .server = "WS1", .connection = n});
    ASSERT_TRUE(registered(n));
    EXPECT_TRUE(*await<Result<bool>>(
        executor, [&](Reply<Result<bool>> reply) { store.unregister_app(app_id(n), device(n), std::move(reply)); }));
    EXPECT_EQ(store.directory_rows(), 1) << "the node of who is connected";
    (void)await<Result<Location>>(
        executor, [&](Reply<Result<Location>> reply) { store.leave(device(n), "WS1", n, "", std::move(reply)); });
    EXPECT_EQ(store.directory_rows(), 0);
  }
}

}  // namespace
}  // namespace herald::ports::contract
