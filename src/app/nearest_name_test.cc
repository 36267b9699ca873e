#include "app/nearest_name.h"

#include <gtest/gtest.h>

namespace herald::app {
namespace {

TEST(NearestName, IsNamedWithinThreeChanges) {
  const std::vector<std::string> names = {"--listen", "--data", "--roles"};
  EXPECT_EQ(did_you_mean("--liste", names), "; did you mean --listen?");
  EXPECT_EQ(did_you_mean("--dta", names), "; did you mean --data?");
  EXPECT_EQ(did_you_mean("--lis", names), "; did you mean --listen?") << "three changes";
  EXPECT_EQ(did_you_mean("--something", names), "");
  EXPECT_EQ(did_you_mean("x", {}), "");
}

}  // namespace
}  // namespace herald::app
