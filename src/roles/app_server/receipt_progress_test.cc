#include "roles/app_server/receipt_progress.h"

#include <gtest/gtest.h>

#include <map>

#include "base/encoding.h"
#include "domain/message_id_source.h"

namespace herald::roles::app_server {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A receipt log, and readers of it.
struct ReceiptProgressTest : testing::Test {
  WallTime now{1'700'000'000'000};
  std::map<MessageId, ports::MessageStatus> log;
  ReceiptProgress progress{1'000};
  std::string cursor;  // of the last final message told
  std::size_t reads = 0;

  // A message accepted at `at`, named by `n`.
  MessageId add(std::uint16_t n, WallTime at, DeliveryState state = DeliveryState::kPending) {
    MessageId id = first_id_at(at);
    id.bytes[14] = static_cast<std::uint8_t>(n >> 8);
    id.bytes[15] = static_cast<std::uint8_t>(n);
    log[id].id = id;
    log[id].state = state;
    return id;
  }
  MessageId add(std::uint16_t n, DeliveryState state = DeliveryState::kPending) { return add(n, now, state); }
  void finish(const MessageId& id, DeliveryState state = DeliveryState::kAcked) { log[id].state = state; }
  ports::ReceiptPage page(const ReceiptProgress::Read& read) {
    ++reads;
    ports::ReceiptPage out;
    for (auto row = read.after ? log.upper_bound(*read.after) : log.begin(); row != log.end(); ++row) {
      out.more = out.messages.size() == read.limit;
      if (out.more) break;
      out.messages.push_back(row->second);
    }
    return out;
  }
  // One read; what it told.
  std::string step() {
    std::string told;
    progress.take(page(progress.next()), now, [&](const ports::MessageStatus& status) {
      told += std::to_string(status.id.bytes[14] * 256 + status.id.bytes[15]) + (is_final(status.state) ? " " : "? ");
      if (is_final(status.state)) cursor = progress.cursor();
    });
    return told;
  }
  std::string round() {
    std::string told;
    do {
      told += step();
    } while (!progress.round_over());
    return told;
  }
  void reconnect() { progress = ReceiptProgress::from_cursor(cursor, 1'000).value(); }
};

TEST_F(ReceiptProgressTest, TellsWhatIsThereAndThenEachEndOnce) {
  const auto one = add(1);
  add(2, DeliveryState::kAcked);
  EXPECT_EQ(round(), "1? 2 ");
  EXPECT_EQ(round(), "");
  finish(one);
  EXPECT_EQ(round(), "1 ");
  const auto three = add(3);
  EXPECT_EQ(round(), "") << "what is accepted later is told when it ends";
  finish(three, DeliveryState::kExpired);
  EXPECT_EQ(round(), "3 ");
  finish(three, DeliveryState::kAcked);
  EXPECT_EQ(round(), "") << "once";
}

TEST_F(ReceiptProgressTest, FindsOldOnesThatEnd) {
  const auto one = add(1);
  const auto two = add(2);
  round();
  now = now + hours(1);
  add(3, DeliveryState::kAcked);
  EXPECT_EQ(round(), "3 ");
  finish(two);
  EXPECT_EQ(round(), "2 ");
  now = now + hours(1);
  finish(one);
  EXPECT_EQ(round(), "1 ");
  EXPECT_EQ(progress.waiting(), 0U);
}

TEST_F(ReceiptProgressTest, ACursorGoesOnAfterWhatWasTold) {
  const auto one = add(1);
  const auto two = add(2);
  const auto three = add(3);
  round();
  finish(two);
  EXPECT_EQ(round(), "2 ");
  finish(one);
  finish(three);
  reconnect();
  EXPECT_EQ(round(), "1 3 ");
  now = now + hours(1);
  reconnect();
  EXPECT_EQ(round(), "");
}

TEST_F(ReceiptProgressTest, ACursorInTheMiddleOfAPageLosesNothing) {
  for (std::uint16_t n = 1; n <= 40; ++n) add(n, now - hours(1), DeliveryState::kAcked);
  std::string second;
  progress.take(page(progress.next()), now, [&](const ports::MessageStatus& status) {
    if (status.id.bytes[15] == 2) second = progress.cursor();
  });
  cursor = second;
  reconnect();
  EXPECT_TRUE(round().starts_with("3 4 "));
}

TEST_F(ReceiptProgressTest, ACursorRemembersWhoWaitedLongAgo) {
  const auto one = add(1);
  const auto two = add(2);
  round();
  now = now + hours(1);
  add(3, DeliveryState::kAcked);
  round();
  now = now + hours(1);
  finish(one);
  reconnect();
  EXPECT_EQ(round(), "1 ");
  reconnect();
  finish(two);
  EXPECT_EQ(round(), "2 ");
}

TEST_F(ReceiptProgressTest, SeesRowsThatWereWrittenLate) {
  add(1, DeliveryState::kAcked);
  const WallTime made = now - ReceiptProgress::kLateRows + milliseconds(1);
  round();
  add(2, made, DeliveryState::kAcked);
  EXPECT_EQ(round(), "2 ");
  EXPECT_EQ(round(), "");
  reconnect();
  EXPECT_EQ(round(), "");
  add(3, made, DeliveryState::kAcked);
  EXPECT_EQ(round(), "3 ");
}

// What a cursor can't list comes again.
TEST_F(ReceiptProgressTest, ListsAsManyWhoWaitAsFit) {
  constexpr std::uint16_t kMost = ReceiptProgress::kListed;
  for (std::uint16_t n = 1; n <= kMost; ++n) add(n);
  now = now + hours(1);
  add(500, DeliveryState::kAcked);
  round();
  now = now + hours(1);
  round();
  cursor = progress.cursor();
  EXPECT_LE(cursor.size(), 1'400U);
  reconnect();
  EXPECT_EQ(round(), "") << "at the limit";
  add(501, now - hours(1) - seconds(1));
  ReceiptProgress fresh(1'000);
  progress = fresh;
  round();
  cursor = progress.cursor();
  reconnect();
  EXPECT_EQ(round(), "500 ") << "one past it";
  for (auto& [id, status] : log) status.state = DeliveryState::kAcked;
  reconnect();
  std::string all = round();
  EXPECT_EQ(std::ranges::count(all, ' '), kMost + 2) << "nothing is lost";
}

TEST_F(ReceiptProgressTest, ListsAsManyRecentOnesAsFit) {
  for (std::uint16_t n = 1; n <= ReceiptProgress::kListed; ++n) add(n, DeliveryState::kAcked);
  round();
  reconnect();
  EXPECT_EQ(round(), "");
  add(100, DeliveryState::kAcked);
  EXPECT_EQ(round(), "100 ");
  reconnect();
  EXPECT_EQ(round(), "1 ") << "the earliest comes again";
}

TEST_F(ReceiptProgressTest, WaitsForAsManyAsAreAllowed) {
  progress = ReceiptProgress(2);
  const auto one = add(1);
  add(2);
  add(3, DeliveryState::kAcked);
  EXPECT_EQ(round(), "1? 2? 3 ");
  add(4);
  add(5, DeliveryState::kAcked);
  EXPECT_EQ(round(), "");
  EXPECT_EQ(progress.waiting(), 2U);
  finish(one);
  EXPECT_EQ(round(), "1 5 ");
  EXPECT_EQ(progress.waiting(), 2U);
}

TEST_F(ReceiptProgressTest, ForgetsWhatIsNotListedAnyMore) {
  const auto one = add(1);
  const auto two = add(2);
  round();
  now = now + hours(1);
  round();
  log.erase(one);
  EXPECT_EQ(round(), "");
  EXPECT_EQ(progress.waiting(), 1U);
  finish(two);
  EXPECT_EQ(round(), "2 ");
}

TEST_F(ReceiptProgressTest, BoundsTheReadsOfARound) {
  // Those that wait, each alone among many that have ended.
  std::vector<MessageId> waiting;
  for (std::uint16_t n = 0; n < 6'400; ++n) {
    const bool waits = n % 128 == 0;
    const auto id = add(n, now - hours(1) + milliseconds(n), waits ? DeliveryState::kPending : DeliveryState::kAcked);
    if (waits) waiting.push_back(id);
  }
  while (!round().empty()) continue;
  EXPECT_EQ(progress.waiting(), 50U);
  for (int i = 0; i < 10; ++i) {
    reads = 0;
    EXPECT_EQ(round(), "");
    EXPECT_LE(reads, 1 + ReceiptProgress::kReadsPerRound);
  }
  finish(waiting.back());
  std::string told;
  int rounds = 0;
  for (; told.empty(); ++rounds) told = round();
  EXPECT_LE(rounds, 5);
}

TEST_F(ReceiptProgressTest, BoundsTheReadsOfRowsThatWereTold) {
  for (std::uint16_t n = 0; n < 8'000; ++n) add(n, DeliveryState::kAcked);
  while (!round().empty()) continue;
  reads = 0;
  EXPECT_EQ(round(), "");
  EXPECT_LE(reads, ReceiptProgress::kReadsPerRound + 1);
  add(9'000, DeliveryState::kAcked);
  std::string told;
  for (int rounds = 0; told.empty() && rounds < 5; ++rounds) told = round();
  EXPECT_EQ(told, "9000 ");
}

TEST_F(ReceiptProgressTest, RefusesWhatIsNoCursor) {
  add(1);
  add(2, DeliveryState::kAcked);
  round();
  const std::string good = cursor;
  EXPECT_TRUE(ReceiptProgress::from_cursor(good, 10));
  auto raw = from_base64url(good).value();
  const auto refused = [](const std::vector<std::uint8_t>& bytes) {
    return !ReceiptProgress::from_cursor(to_base64url(bytes), 10);
  };
  EXPECT_FALSE(refused(raw));
  EXPECT_FALSE(ReceiptProgress::from_cursor("", 10));
  EXPECT_FALSE(ReceiptProgress::from_cursor("7", 10));
  EXPECT_FALSE(ReceiptProgress::from_cursor("AQ==", 10));
  auto other = raw;
  other[0] = 2;
  EXPECT_TRUE(refused(other)) << "another version";
  other = raw;
  other.pop_back();
  EXPECT_TRUE(refused(other)) << "cut";
  other = raw;
  other[17] = 200;
  EXPECT_TRUE(refused(other)) << "more waiting than there are ids";
  other = raw;
  other.insert(other.end(), 16 * (ReceiptProgress::kListed + 1), 0xff);
  EXPECT_TRUE(refused(other)) << "too many";
  other = raw;
  other.insert(other.end(), 16, 0);
  EXPECT_TRUE(refused(other)) << "an id that no message has";
}

}  // namespace
}  // namespace herald::roles::app_server
