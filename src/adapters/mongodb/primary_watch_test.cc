#include "adapters/mongodb/primary_watch.h"

#include <gtest/gtest.h>

#include "adapters/mongodb/faulty_wire.h"
#include "adapters/mongodb/store_test_kit.h"

namespace herald::adapters::mongodb {
namespace {

TEST(PrimaryWatchTest, AnotherPrimaryOrAnotherElectionIsAChange) {
  PrimaryWatch watch;
  watch.saw("db1:27017", "7f1");
  watch.saw("db1:27017", "7f1");
  EXPECT_EQ(watch.changes(), 0);
  watch.saw("db2:27017", "7f2");
  EXPECT_EQ(watch.changes(), 1);
  watch.saw("db2:27017", "7f3");
  EXPECT_EQ(watch.changes(), 2);
  watch.saw("db2:27017", "7f3");
  EXPECT_EQ(watch.changes(), 2);
}

TEST(PrimaryWatchTest, AServerThatIsNoMemberOfASetIsNoPrimary) {
  PrimaryWatch watch;
  watch.saw("", "");
  watch.saw("db1:27017", "7f1");
  watch.saw("", "");
  watch.saw("db1:27017", "7f1");
  EXPECT_EQ(watch.changes(), 0);
}

}  // namespace
}  // namespace herald::adapters::mongodb
