#include "transport/deadline_lists.h"

#include <gtest/gtest.h>

namespace herald::transport {
namespace {

using namespace std::chrono_literals;

class Entry final : public DeadlineEntry {};

class DeadlineListsTest : public testing::Test {
 protected:
  DeadlineListsTest() {
    limits.handshake_timeout_ms = 1'000;
    limits.websocket_ping_interval_ms = 16'000;
    lists.emplace(limits);
  }
  DeadlineEntry* expired() { return lists->take_expired(now, kind); }
  void advance(std::chrono::milliseconds by) { now = now + by; }

  Limits limits;
  std::optional<DeadlineLists> lists;
  // Ticks are about to pass 2^32.
  MonoTime now{(std::int64_t{1} << 56) - 500'000'000};
  Deadline kind = Deadline::kNone;
};

TEST_F(DeadlineListsTest, ExpiresInOrderAndNotEarly) {
  Entry first;
  Entry second;
  Entry ping;
  lists->start(ping, Deadline::kPing, now);
  lists->start(first, Deadline::kHandshake, now);
  advance(100ms);
  lists->start(second, Deadline::kHandshake, now);
  advance(899ms);
  EXPECT_EQ(expired(), nullptr);
  advance(30ms);
  EXPECT_EQ(expired(), &first);
  EXPECT_EQ(kind, Deadline::kHandshake);
  EXPECT_EQ(first.deadline_kind(), Deadline::kNone);
  EXPECT_EQ(expired(), nullptr);
  advance(16s);
  const auto* one = expired();
  const auto* other = expired();
  EXPECT_TRUE((one == &second && other == &ping) || (one == &ping && other == &second));
  EXPECT_EQ(lists->next(now), std::nullopt);
}

TEST_F(DeadlineListsTest, AStoppedOrMovedEntryDoesNotExpireAsBefore) {
  Entry stopped;
  Entry moved;
  lists->start(stopped, Deadline::kHandshake, now);
  lists->start(moved, Deadline::kHandshake, now);
  lists->start(stopped, Deadline::kNone, now);
  lists->start(moved, Deadline::kPing, now);
  advance(2s);
  EXPECT_EQ(expired(), nullptr);
  advance(15s);
  EXPECT_EQ(expired(), &moved);
}

TEST_F(DeadlineListsTest, UnlinksFromAnyPlace) {
  Entry a;
  Entry b;
  Entry c;
  for (auto* each : {&a, &b, &c}) lists->start(*each, Deadline::kHandshake, now);
  lists->start(b, Deadline::kNone, now);
  lists->start(c, Deadline::kNone, now);
  lists->start(b, Deadline::kHandshake, now);
  advance(2s);
  EXPECT_EQ(expired(), &a);
  EXPECT_EQ(expired(), &b);
  EXPECT_EQ(expired(), nullptr);
}

TEST_F(DeadlineListsTest, RenewsOnlyIfItGainsASixteenth) {
  Entry entry;
  lists->start(entry, Deadline::kPing, now);
  advance(900ms);
  lists->renew(entry, now);
  advance(15'200ms);
  EXPECT_EQ(expired(), &entry);
  lists->start(entry, Deadline::kPing, now);
  advance(1'100ms);
  lists->renew(entry, now);
  advance(15'900ms);
  EXPECT_EQ(expired(), nullptr);
  advance(200ms);
  EXPECT_EQ(expired(), &entry);
  lists->renew(entry, now);
  EXPECT_EQ(lists->next(now), std::nullopt);
}

TEST_F(DeadlineListsTest, SaysWhenTheNextExpires) {
  Entry ping;
  Entry handshake;
  lists->start(ping, Deadline::kPing, now);
  lists->start(handshake, Deadline::kHandshake, now);
  const auto next = lists->next(now);
  ASSERT_TRUE(next.has_value());
  EXPECT_GE(*next, now + 1s);
  EXPECT_LE(*next, now + 1040ms);
  now = *next;
  EXPECT_EQ(expired(), &handshake);
}

}  // namespace
}  // namespace herald::transport
