#include "app/data_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "app/files.h"
#include "app/test_folder.h"

namespace herald::app {
namespace {

using testing::HasSubstr;

TEST(DataFolder, IsMadeAndHeldByOneAtATime) {
  const TestFolder folder;
  const std::string path = folder.path() + "/a/b";
  auto first = DataFolder::open(path);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = DataFolder::open(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ExitCode::kDataInUse);
  EXPECT_THAT(second.error().message, HasSubstr(path));
  EXPECT_THAT(second.error().message, HasSubstr("(process " + std::to_string(::getpid()) + ")"));
  EXPECT_EQ(read_file(path + "/herald.lock"), std::to_string(::getpid()) + "\n");
  first->reset();
  EXPECT_TRUE(DataFolder::open(path));
}

TEST(DataFolder, AFileInItsPlaceIsUnusable) {
  const TestFolder folder;
  const std::string file = folder.path() + "/file";
  ASSERT_TRUE(write_new_file(file, "x", 0600));
  for (const auto& path : {file, file + "/below"}) {
    const auto opened = DataFolder::open(path);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ExitCode::kDataUnusable);
    EXPECT_THAT(opened.error().message, HasSubstr("--data"));
  }
}

}  // namespace
}  // namespace herald::app
