#include "simulation/schedule.h"

#include <gtest/gtest.h>

namespace herald::simulation {
namespace {

TEST(ScheduleFile, IsReadBack) {
  const Schedule schedule{
      .comment = "lost: message 3\nafter a full disk", .simulation = "store", .choices = {0, 7, 0, 2, 0, 0}};
  const auto text = to_text(schedule);
  EXPECT_EQ(text, "# lost: message 3\n# after a full disk\nstore\n0 7 0 2\n");
  const auto read = parse_schedule(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->comment, schedule.comment);
  EXPECT_EQ(read->simulation, "store");
  EXPECT_EQ(read->choices, (std::vector<std::uint32_t>{0, 7, 0, 2}));
}

TEST(ScheduleFile, MayHaveNoChoices) {
  const auto read = parse_schedule(to_text({.comment = "", .simulation = "store", .choices = {}}));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->choices.empty());
}

TEST(ScheduleFile, WhatIsNotOneIsRefused) {
  for (const auto* text :
       {"", "# only a comment\n", "store\n1 x 2\n", "store\n1 -2\n", "store\n4294967296\n", "store\n1\n2\n"}) {
    EXPECT_FALSE(parse_schedule(text)) << text;
  }
}

TEST(ScheduleFile, AMissingFileIsNamed) {
  const auto read = read_schedule("/nowhere/x.schedule");
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("/nowhere/x.schedule"), std::string::npos);
}

}  // namespace
}  // namespace herald::simulation
