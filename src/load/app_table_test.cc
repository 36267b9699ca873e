#include "load/app_table.h"

#include <gtest/gtest.h>

namespace herald::load {
namespace {

TEST(AppTable, KeepsTheFirstPath) {
  AppTable apps(2);
  EXPECT_EQ(apps.path(1), "");
  EXPECT_EQ(apps.origin(), "");
  apps.set(1, "http://127.0.0.1:8080/notify/ab");
  apps.set(1, "http://127.0.0.1:8080/notify/other");
  EXPECT_EQ(apps.path(1), "/notify/ab");
  EXPECT_EQ(apps.path(0), "");
  apps.set(0, "https://other.example/push/notify/cd");
  EXPECT_EQ(apps.path(0), "/push/notify/cd");
  EXPECT_EQ(apps.origin(), "http://127.0.0.1:8080") << "the first of all";
}

TEST(AppTable, UrlsOfBareAndOfStructuredReplies) {
  EXPECT_EQ(url_of_reply("http://127.0.0.1:8080/notify/ab"), "http://127.0.0.1:8080/notify/ab");
  EXPECT_EQ(url_of_reply("http://127.0.0.1:8080/notify/ab\n"), "http://127.0.0.1:8080/notify/ab");
  EXPECT_EQ(url_of_reply(R"({"status":"REGISTERED","url":"https://push.example.com/notify/cd","x":1})"),
            "https://push.example.com/notify/cd");
  EXPECT_EQ(url_of_reply(R"({ "error": "Could not add WA" })"), "");
  EXPECT_EQ(url_of_reply("http://host"), "");
}

}  // namespace
}  // namespace herald::load
