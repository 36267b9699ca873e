#include "base/limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace herald {
namespace {

TEST(Limits, EachStandardLiesInItsRangeAndIsWhatALimitsObjectStartsWith) {
  const Limits limits;
  for (const auto& declared : limit_declarations()) {
    EXPECT_LE(declared.least, declared.standard) << declared.name;
    EXPECT_LE(declared.standard, declared.most) << declared.name;
    EXPECT_EQ(limits.*declared.member, declared.standard) << declared.name;
    EXPECT_TRUE(declared.doc.ends_with('.')) << declared.name;
  }
}

TEST(Limits, NamesAreUniqueAndTheDeclarationsCoverEveryMember) {
  std::set<std::string_view> names;
  for (const auto& declared : limit_declarations()) names.insert(declared.name);
  EXPECT_EQ(names.size(), limit_declarations().size());
  EXPECT_EQ(sizeof(Limits), limit_declarations().size() * sizeof(std::uint64_t));
}

TEST(Limits, SetChangesOneLimitOnly) {
  for (const auto& chosen : limit_declarations()) {
    Limits limits;
    ASSERT_TRUE(set_limit(limits, chosen.name, chosen.most).has_value());
    for (const auto& declared : limit_declarations()) {
      const bool is_chosen = declared.name == chosen.name;
      EXPECT_EQ(limits.*declared.member, is_chosen ? chosen.most : declared.standard) << declared.name;
    }
  }
}

TEST(Limits, BothEndsOfARangeAreAllowedAndNothingBeyond) {
  Limits limits;
  EXPECT_TRUE(set_limit(limits, "json_depth_max", 2).has_value());
  EXPECT_TRUE(set_limit(limits, "json_depth_max", 512).has_value());
  for (const std::uint64_t bad : {std::uint64_t{1}, std::uint64_t{513}, ~std::uint64_t{0}}) {
    const auto set = set_limit(limits, "json_depth_max", bad);
    ASSERT_FALSE(set.has_value());
    EXPECT_EQ(set.error().kind, ErrorKind::kInvalid);
    EXPECT_EQ(set.error().message, "json_depth_max must be between 2 and 512");
  }
  EXPECT_EQ(limits.json_depth_max, 512U);
}

TEST(Limits, AnUnknownNameIsNotFound) {
  Limits limits;
  EXPECT_EQ(set_limit(limits, "json_depth", 3).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(set_limit(limits, "", 3).error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace herald
