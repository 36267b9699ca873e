#include "base/result.h"

#include <gtest/gtest.h>

namespace herald {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorKind::kInvalid, "odd");
  return n / 2;
}

TEST(Result, CarriesAValueOrAnErrorWithItsKind) {
  EXPECT_EQ(half(4).value(), 2);
  ASSERT_FALSE(half(3).has_value());
  EXPECT_EQ(half(3).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(half(3).error().message, "odd");
}

TEST(Result, KindsHaveNames) {
  EXPECT_EQ(to_string(ErrorKind::kTooLarge), "too_large");
}

}  // namespace
}  // namespace herald
