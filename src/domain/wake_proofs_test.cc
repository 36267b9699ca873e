#include "domain/wake_proofs.h"

#include <gtest/gtest.h>

namespace herald {
namespace {

UserAgentId device(std::uint8_t n) {
  UserAgentId id;
  id.bytes.fill(n);
  return id;
}

TEST(WakeProofs, ADeviceProvesAnAddressByWhatItSaysFromThereLater) {
  ManualClock clock;
  WakeProofs proofs(10);
  const MonoTime pinged = clock.mono();
  proofs.spoke(device(1), "10.0.0.1", pinged);
  EXPECT_FALSE(proofs.spoke_after(device(1), "10.0.0.1", pinged)) << "not later";
  clock.advance(std::chrono::milliseconds(1));
  proofs.spoke(device(1), "10.0.0.2", clock.mono());
  EXPECT_FALSE(proofs.spoke_after(device(1), "10.0.0.1", pinged)) << "from elsewhere";
  proofs.spoke(device(2), "10.0.0.1", clock.mono());
  EXPECT_FALSE(proofs.spoke_after(device(1), "10.0.0.1", pinged)) << "another device";
  proofs.spoke(device(1), "10.0.0.1", clock.mono());
  EXPECT_TRUE(proofs.spoke_after(device(1), "10.0.0.1", pinged));
}

TEST(WakeProofs, RemembersABoundedNumberOfDevices) {
  WakeProofs proofs(2);
  const MonoTime later = MonoTime{} + std::chrono::milliseconds(1);
  for (const std::uint8_t n : std::initializer_list<std::uint8_t>{1, 2, 3}) proofs.spoke(device(n), "::1", later);
  int known = 0;
  for (const std::uint8_t n : std::initializer_list<std::uint8_t>{1, 2, 3})
    known += proofs.spoke_after(device(n), "::1", MonoTime{}) ? 1 : 0;
  EXPECT_EQ(known, 2);
  EXPECT_TRUE(proofs.spoke_after(device(3), "::1", MonoTime{})) << "the newest is among them";
}

}  // namespace
}  // namespace herald
