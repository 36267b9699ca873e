#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

namespace herald {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes take(RandomSource& source, std::size_t size) {
  Bytes out(size);
  source.fill(out);
  return out;
}

TEST(SeededRandom, RepeatsItselfForOneSeedAndDiffersForAnother) {
  SeededRandom a(1);
  SeededRandom same(1);
  SeededRandom other(2);
  const Bytes first = take(a, 32);
  EXPECT_EQ(first, take(same, 32));
  EXPECT_NE(first, take(other, 32));
  EXPECT_NE(first, take(a, 32));
}

TEST(SystemRandom, FillsEverythingAndDoesNotRepeat) {
  SystemRandom random;
  EXPECT_TRUE(take(random, 0).empty());
  std::set<Bytes> seen;
  for (int i = 0; i < 100; ++i) seen.insert(take(random, 16));
  EXPECT_EQ(seen.size(), 100U);
  // More than one call to the kernel gives; a byte left out would stay zero at the end of the buffer.
  const Bytes large = take(random, 100'000);
  EXPECT_GT(std::set<std::uint8_t>(large.end() - 1'000, large.end()).size(), 100U);
}

}  // namespace
}  // namespace herald
