#include "adapters/rocksdb/state/connected_devices.h"

#include <optional>

#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::Caller;
using ports::contract::device;

[[nodiscard]] Location web_socket(const ServerId& server, std::uint64_t connection) {
  return {.kind = LocationKind::kWebSocket, .server = server, .shard = 3, .connection = connection};
}
[[nodiscard]] Location sleeping(const ServerId& server) {
  return {.kind = LocationKind::kSleeping, .server = server};
}
const WakeInterface kWake{.ip = "10.0.0.1", .port = 5000};

TEST(ConnectedDevices, KeepsTheLastPlaceOfEach) {
  ConnectedDevices devices;
  EXPECT_EQ(devices.find(device(1)), std::nullopt);
  devices.put(device(1), web_socket("WS1", 7));
  devices.put(device(2), web_socket("WS2", 8));
  devices.put(device(1), web_socket("WS2", 9));
  EXPECT_EQ(devices.find(device(1)), web_socket("WS2", 9));
  EXPECT_EQ(devices.find(device(2)), web_socket("WS2", 8));
  devices.erase(device(1));
  EXPECT_EQ(devices.find(device(1)), std::nullopt);
}

// A store on one folder, opened again and again.
class ConnectedDevicesOfAStore : public testing::Test {
 protected:
  void open() {
    call_.reset();
    store_.reset();
    store_ = std::make_unique<OpenStore>(folder_, limits_, clock_);
    call_.emplace(*store_);
  }
  Caller& call() {
    if (!call_) open();
    return *call_;
  }
  [[nodiscard]] Location location_of(std::uint64_t n) { return call().locate({device(n)}).at(0).location; }

 private:
  const Limits limits_;
  ManualClock clock_;
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
  std::unique_ptr<OpenStore> store_;
  std::optional<Caller> call_;
};

TEST_F(ConnectedDevicesOfAStore, AConnectionEndsWithTheProcess) {
  call().set_location(device(1), web_socket("WS1", 7));
  ASSERT_EQ(location_of(1), web_socket("WS1", 7));
  open();
  EXPECT_EQ(location_of(1), Location{});
}

TEST_F(ConnectedDevicesOfAStore, WhoCanBeWokenIsFoundByTheNextProcess) {
  call().set_location(device(1), web_socket("WS1", 7), kWake);
  call().set_location(device(2), sleeping("UDP1"), kWake);
  call().set_location(device(2), web_socket("WS1", 8));
  open();
  EXPECT_EQ(location_of(1), web_socket("WS1", 7));
  EXPECT_EQ(call().leave(device(1), "WS1", 7, "UDP1"), sleeping("UDP1"));
  EXPECT_EQ(call().leave(device(2), "WS1", 8, "UDP1"), sleeping("UDP1"));
}

TEST_F(ConnectedDevicesOfAStore, WhoTookItsWakeInterfaceBackSleepsNoMore) {
  call().set_location(device(1), sleeping("UDP1"), kWake);
  call().set_location(device(1), web_socket("WS1", 7), WakeInterface{});
  open();
  EXPECT_EQ(location_of(1), Location{});
  EXPECT_EQ(call().locate({device(1)}).at(0).wake, std::nullopt);
}

TEST_F(ConnectedDevicesOfAStore, WhoGoesToSleepIsNotConnectedAnyMore) {
  call().set_location(device(1), web_socket("WS1", 7));
  EXPECT_EQ(call().set_location(device(1), sleeping("UDP1"), kWake), web_socket("WS1", 7));
  EXPECT_EQ(location_of(1), sleeping("UDP1"));
  open();
  EXPECT_EQ(location_of(1), sleeping("UDP1"));
}

}  // namespace
}  // namespace herald::adapters
