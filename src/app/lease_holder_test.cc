#include "app/lease_holder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "app/test_folder.h"

namespace herald::app {
namespace {

TEST(LeaseHolder, KeepsItsNameFromRunToRun) {
  const TestFolder folder;
  SeededRandom random(1);
  std::string name = (*LeaseHolder::open(folder.path(), "WS1", random))->name();
  EXPECT_EQ(name.size(), 32U);
  EXPECT_EQ((*LeaseHolder::open(folder.path(), "WS1", random))->name(), name);
  EXPECT_NE((*LeaseHolder::open(folder.path(), "WS2", random))->name(), name);
}

TEST(LeaseHolder, RefusesASecondProcessOfTheSameFolder) {
  const TestFolder folder;
  SeededRandom random(1);
  const auto first = LeaseHolder::open(folder.path(), "WS1", random);
  const auto second = LeaseHolder::open(folder.path(), "WS1", random);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ExitCode::kServerIdTaken);
  EXPECT_NE(second.error().message.find("--server-id"), std::string::npos);
  EXPECT_TRUE(LeaseHolder::open(folder.path(), "WS2", random));
}

TEST(LeaseHolder, ADamagedFileIsWrittenAnew) {
  const TestFolder folder;
  SeededRandom random(1);
  std::ofstream(folder.path() + "/WS1.holder") << "short";
  const std::string name = (*LeaseHolder::open(folder.path(), "WS1", random))->name();
  EXPECT_EQ(name.size(), 32U);
  EXPECT_EQ((*LeaseHolder::open(folder.path(), "WS1", random))->name(), name);
  EXPECT_EQ(LeaseHolder::open(folder.path() + "/missing", "WS1", random).error().code, ExitCode::kDataUnusable);
}

}  // namespace
}  // namespace herald::app
