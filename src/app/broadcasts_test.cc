#include "app/broadcasts.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "app/files.h"
#include "app/test_folder.h"

namespace herald::app {
namespace {

using Told = std::vector<std::pair<std::string, std::optional<std::string>>>;

class BroadcastsTest : public testing::Test {
 protected:
  struct Sink final : transport::HttpResponder::Sink {
    void respond(std::uint64_t /*token*/, transport::HttpResponse response) override { last = std::move(response); }
    transport::HttpResponse last;
  };

  transport::HttpResponse ask(std::string_view method, std::string_view path, std::string_view body = "") {
    transport::HttpRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    broadcasts_->on_request(request, transport::HttpResponder(sink_, 1));
    return sink_->last;
  }
  Status open() {
    told_.clear();
    broadcasts_.emplace(
        file_, [this](const std::string& id, const auto& version) { told_.emplace_back(id, version); }, log_);
    return broadcasts_->load();
  }

  TestFolder folder_;
  std::string file_ = folder_.path() + "/broadcasts.json";
  NullLog log_;
  Told told_;
  std::optional<Broadcasts> broadcasts_;
  std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
};

TEST_F(BroadcastsTest, SetReadListedAndTakenAway) {
  ASSERT_TRUE(open());
  EXPECT_EQ(ask("GET", "/broadcasts/remote-settings/monitor_changes").status, 404);
  EXPECT_EQ(ask("PUT", "/broadcasts/remote-settings/monitor_changes", "\"v1\"").status, 204);
  EXPECT_EQ(ask("GET", "/broadcasts/remote-settings%2Fmonitor_changes").body, "\"v1\"");
  EXPECT_EQ(ask("PUT", "/broadcasts/remote-settings/monitor_changes", "v2").status, 204);
  EXPECT_EQ(ask("GET", "/broadcasts").body, R"({"remote-settings/monitor_changes":"v2"})");
  EXPECT_EQ(ask("DELETE", "/broadcasts/remote-settings/monitor_changes").status, 204);
  EXPECT_EQ(ask("DELETE", "/broadcasts/remote-settings/monitor_changes").status, 404);
  EXPECT_EQ(told_, (Told{{"remote-settings/monitor_changes", "\"v1\""},
                         {"remote-settings/monitor_changes", "v2"},
                         {"remote-settings/monitor_changes", std::nullopt}}));
}

TEST_F(BroadcastsTest, WhatWasSetIsToldAgainAfterARestart) {
  ASSERT_TRUE(open());
  EXPECT_EQ(ask("PUT", "/broadcasts/a", "1").status, 204);
  EXPECT_EQ(ask("PUT", "/broadcasts/b", "2").status, 204);
  EXPECT_EQ(ask("DELETE", "/broadcasts/a").status, 204);
  ASSERT_TRUE(open());
  EXPECT_EQ(told_, (Told{{"b", "2"}}));
}

TEST_F(BroadcastsTest, RefusesWhatIsNoIdOrVersion) {
  ASSERT_TRUE(open());
  for (const auto* version : {"", "a\nb", "\xff"}) EXPECT_EQ(ask("PUT", "/broadcasts/a", version).status, 400);
  EXPECT_EQ(ask("PUT", "/broadcasts/a", std::string(kBroadcastVersionMaxBytes + 1, 'v')).status, 400);
  EXPECT_EQ(ask("PUT", "/broadcasts/%0A", "1").status, 400);
  EXPECT_EQ(ask("PUT", "/broadcasts/" + std::string(kBroadcastIdMaxBytes + 1, 'i'), "1").status, 400);
  EXPECT_EQ(ask("POST", "/broadcasts/a", "1").status, 405);
  EXPECT_EQ(ask("PUT", "/broadcasts", "1").status, 405);
  EXPECT_TRUE(told_.empty());
}

TEST_F(BroadcastsTest, TheirNumberIsBounded) {
  ASSERT_TRUE(open());
  file_.clear();
  ASSERT_TRUE(open());
  for (std::size_t n = 0; n < kBroadcastsMax; ++n) {
    ASSERT_EQ(ask("PUT", "/broadcasts/b" + std::to_string(n), "1").status, 204);
  }
  EXPECT_EQ(ask("PUT", "/broadcasts/one-more", "1").status, 409);
  EXPECT_EQ(ask("PUT", "/broadcasts/b0", "2").status, 204) << "a known one changes";
}

TEST_F(BroadcastsTest, WhatCanNotBeSavedIsNotTold) {
  file_ = folder_.path() + "/no/such/folder/broadcasts.json";
  ASSERT_TRUE(open());
  EXPECT_EQ(ask("PUT", "/broadcasts/a", "1").status, 503);
  EXPECT_EQ(ask("GET", "/broadcasts/a").status, 404);
  EXPECT_TRUE(told_.empty());
}

TEST_F(BroadcastsTest, ADamagedFileIsReported) {
  ASSERT_TRUE(write_new_file(file_, R"({"a":)", 0600));
  EXPECT_EQ(open().error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace herald::app
