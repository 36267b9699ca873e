#include "load/app_table.h"

#include <gtest/gtest.h>

namespace herald::load {
namespace {

TEST(AppTable, KeepsTheFirstPath) {
  AppTable apps(2);
  EXPECT_EQ(apps.path(1), "");
  apps.set(1, "/notify/ab");
  apps.set(1, "/notify/other");
  EXPECT_EQ(apps.path(1), "/notify/ab");
  EXPECT_EQ(apps.path(0), "");
}

TEST(AppTable, PathsOfBareAndOfStructuredReplies) {
  EXPECT_EQ(notify_path_of("http://127.0.0.1:8080/notify/ab"), "/notify/ab");
  EXPECT_EQ(notify_path_of(R"({"status":"REGISTERED","url":"https://push.example.com/notify/cd","x":1})"),
            "/notify/cd");
  EXPECT_EQ(notify_path_of(R"({ "error": "Could not add WA" })"), "");
  EXPECT_EQ(notify_path_of("http://host"), "");
}

}  // namespace
}  // namespace herald::load
