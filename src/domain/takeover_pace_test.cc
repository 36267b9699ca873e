#include "domain/takeover_pace.h"

#include <gtest/gtest.h>

#include <cstring>

namespace herald {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

UserAgentId device(std::uint32_t n) {
  UserAgentId id;
  std::memcpy(id.bytes.data() + 12, &n, sizeof(n));
  return id;
}

constexpr MonoTime kStart{};

TEST(TakeoverPace, TheFirstFewCostNothing) {
  TakeoverPace pace(4, milliseconds(8'000));
  EXPECT_EQ(pace.delay(device(1), kStart), milliseconds(0));
  for (int n = 1; n <= 3; ++n) {
    pace.taken_over(device(1), kStart);
    EXPECT_EQ(pace.delay(device(1), kStart), milliseconds(0)) << n;
  }
  for (const int wait : {1'000, 2'000, 4'000, 8'000, 8'000}) {
    pace.taken_over(device(1), kStart);
    EXPECT_EQ(pace.delay(device(1), kStart), milliseconds(wait));
  }
  EXPECT_EQ(pace.delay(device(2), kStart), milliseconds(0)) << "another device";
}

TEST(TakeoverPace, AMinuteOfPeaceForgets) {
  TakeoverPace pace(1, milliseconds(8'000));
  pace.taken_over(device(1), kStart);
  EXPECT_EQ(pace.delay(device(1), kStart + milliseconds(59'999)), milliseconds(1'000));
  EXPECT_EQ(pace.delay(device(1), kStart + seconds(60)), milliseconds(0));
  pace.taken_over(device(1), kStart + seconds(60));
  EXPECT_EQ(pace.delay(device(1), kStart + seconds(60)), milliseconds(1'000)) << "counted from one again";
}

TEST(TakeoverPace, ItNeverPassesItsMost) {
  TakeoverPace pace(1, milliseconds(60'000));
  for (int n = 0; n < 100; ++n) pace.taken_over(device(1), kStart);
  EXPECT_EQ(pace.delay(device(1), kStart), milliseconds(60'000));
  TakeoverPace none(1, milliseconds(0));
  none.taken_over(device(1), kStart);
  EXPECT_EQ(none.delay(device(1), kStart), milliseconds(0));
}

TEST(TakeoverPace, OfTooManyDevicesTheOneOfLongestAgoIsForgotten) {
  TakeoverPace pace(1, milliseconds(8'000));
  for (std::uint32_t n = 0; n < TakeoverPace::kDevicesMax; ++n) pace.taken_over(device(n), kStart);
  pace.taken_over(device(0), kStart);
  pace.taken_over(device(TakeoverPace::kDevicesMax), kStart);
  EXPECT_EQ(pace.delay(device(1), kStart), milliseconds(0));
  EXPECT_EQ(pace.delay(device(0), kStart), milliseconds(2'000));
  EXPECT_EQ(pace.delay(device(2), kStart), milliseconds(1'000));
}

}  // namespace
}  // namespace herald
