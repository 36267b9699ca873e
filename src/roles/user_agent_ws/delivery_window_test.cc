#include "roles/user_agent_ws/delivery_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace herald::roles::user_agent_ws {
namespace {

constexpr WindowLimits kLimits{.per_app = 4, .per_device = 6, .page = 3};
constexpr WallTime kNow{1'700'000'000'000};
constexpr WallTime kLater{kNow.ms + 3'600'000};
using Pending = DeliveryWindow::Pending;

MessageId id_of(std::uint64_t n) {
  MessageId id;
  for (int i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return id;
}

AppId app_of(char name) {
  AppId app;
  app.bytes.fill(static_cast<std::uint8_t>(name));
  return app;
}

Pending of(std::uint64_t n, char app = 'a') {
  return {id_of(n), app_of(app)};
}

std::vector<Pending> all_of(std::initializer_list<std::uint64_t> numbers, char app = 'a') {
  std::vector<Pending> all;
  for (const auto n : numbers) all.push_back(of(n, app));
  return all;
}

// A window whose first scan found nothing.
void go_live(DeliveryWindow& window) {
  window.start();
  ASSERT_TRUE(window.next_page(false, kLimits));
  ASSERT_TRUE(window.page({}, false, kLimits).empty());
  ASSERT_TRUE(window.idle());
}

void send_page(DeliveryWindow& window, const std::vector<Pending>& found, bool more) {
  for (const auto i : window.page(found, more, kLimits)) ASSERT_TRUE(window.sent(found[i].id, kNow, kLater));
}

TEST(DeliveryWindow, ReadsEverythingPendingAfterTheStart) {
  DeliveryWindow window;
  window.start();
  const auto first = window.next_page(false, kLimits);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->after, std::nullopt);
  EXPECT_EQ(first->limit, 3u);
  EXPECT_FALSE(window.next_page(false, kLimits)) << "one page at a time";
  send_page(window, all_of({1, 2, 3}), true);

  const auto second = window.next_page(false, kLimits);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->after, id_of(3));
  send_page(window, all_of({4, 5, 6}), false);
  EXPECT_EQ(window.entries().size(), 4u);
  EXPECT_FALSE(window.next_page(false, kLimits)) << "the window is full";

  ASSERT_TRUE(window.acked(id_of(2), kLimits)) << "acks may come in any order";
  const auto third = window.next_page(false, kLimits);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->after, id_of(4));
  EXPECT_EQ(third->limit, 1u) << "no more than there is room for";
}

// A window in which app a has all the places that it may have, and more that waits.
void fill(DeliveryWindow& window) {
  go_live(window);
  for (std::uint64_t n = 1; n <= 4; ++n) {
    ASSERT_TRUE(window.offer(of(n), false, kLimits));
    ASSERT_TRUE(window.sent(id_of(n), kNow, kLater));
  }
  ASSERT_FALSE(window.offer(of(5), false, kLimits));
}

TEST(DeliveryWindow, AnAppThatDoesNotAckCostsNoOtherApp) {
  DeliveryWindow window;
  fill(window);
  EXPECT_FALSE(window.next_page(false, kLimits));
  for (std::uint64_t n = 6; n <= 7; ++n) EXPECT_TRUE(window.offer(of(n, 'b'), false, kLimits)) << "at once";
  EXPECT_FALSE(window.offer(of(8, 'b'), false, kLimits)) << "one past per_device, and b has some under way";
  EXPECT_TRUE(window.offer(of(9, 'c'), false, kLimits)) << "past per_device one at a time";
  EXPECT_FALSE(window.offer(of(10, 'c'), false, kLimits));
  EXPECT_EQ(window.entries().size(), 7u);
}

Pending fresh(std::uint64_t n, char app = 'a') {
  return {id_of(n), app_of(app), true};
}

std::vector<MessageId> ids_of(const std::vector<Pending>& found, const std::vector<std::size_t>& chosen) {
  std::vector<MessageId> ids;
  for (const auto i : chosen) ids.push_back(found[i].id);
  return ids;
}

// Reads one page, sends what it brings and answers that.
std::vector<MessageId> read_page(DeliveryWindow& window, const std::vector<Pending>& found, bool more) {
  const auto sent = ids_of(found, window.page(found, more, kLimits));
  for (const auto& id : sent) EXPECT_TRUE(window.sent(id, kNow, kLater));
  return sent;
}

using Ids = std::vector<MessageId>;

// 4 and 9 are of one app and were written together, after the page up to 6 was read.
TEST(DeliveryWindow, AFreshNotificationWaitsForOlderOnesThatWereWrittenBehindTheScan) {
  DeliveryWindow window;
  window.start();
  ASSERT_TRUE(window.next_page(false, kLimits));
  EXPECT_EQ(read_page(window, {of(1, 'b'), fresh(6, 'b')}, true), (Ids{id_of(1), id_of(6)}));
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(6));
  EXPECT_EQ(read_page(window, {fresh(9)}, false), Ids{});
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(1)) << "from where nothing is fresh";
  EXPECT_EQ(read_page(window, {fresh(4), fresh(6, 'b')}, true), Ids{id_of(4)});
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(6));
  EXPECT_EQ(read_page(window, {fresh(9)}, false), Ids{id_of(9)}) << "its turn has come";
  EXPECT_FALSE(window.catching_up());
}

TEST(DeliveryWindow, OnePageFromTheStartNeedsNoSecondLook) {
  DeliveryWindow window;
  window.start();
  ASSERT_TRUE(window.next_page(false, kLimits));
  EXPECT_EQ(read_page(window, {fresh(4), fresh(6, 'b'), fresh(9)}, false), (Ids{id_of(4), id_of(6), id_of(9)}));
  EXPECT_FALSE(window.catching_up());
}

TEST(DeliveryWindow, WhatIsNotFreshIsSentAtOnce) {
  DeliveryWindow window;
  window.start();
  ASSERT_TRUE(window.next_page(false, kLimits));
  EXPECT_EQ(read_page(window, {of(1), of(2)}, true), (Ids{id_of(1), id_of(2)}));
  ASSERT_TRUE(window.next_page(false, kLimits));
  EXPECT_EQ(read_page(window, {of(3)}, false), Ids{id_of(3)});
}

// The same while pages are read for an app that was held: 7 was written late, behind 8 of another app.
TEST(DeliveryWindow, AHeldAppsFreshNotificationWaitsForOlderOnesToo) {
  DeliveryWindow window;
  fill(window);
  ASSERT_TRUE(window.acked(id_of(1), kLimits));
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(4));
  EXPECT_EQ(read_page(window, {of(5)}, true), Ids{id_of(5)});
  ASSERT_TRUE(window.acked(id_of(2), kLimits));
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(5));
  EXPECT_EQ(read_page(window, {fresh(8, 'b')}, true), Ids{}) << "b is live";
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(8));
  EXPECT_EQ(read_page(window, {fresh(9)}, false), Ids{});
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(5)) << "after the last one that was sent";
  EXPECT_EQ(read_page(window, {fresh(7), fresh(8, 'b'), fresh(9)}, false), Ids{id_of(7)});
  ASSERT_TRUE(window.acked(id_of(3), kLimits));
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(8));
  EXPECT_EQ(read_page(window, {fresh(9)}, false), Ids{id_of(9)});
}

TEST(DeliveryWindow, TheScanPassesOverAnAppWithoutRoom) {
  DeliveryWindow window;
  window.start();
  ASSERT_TRUE(window.next_page(false, kLimits));
  send_page(window, all_of({1, 2, 3}), true);
  ASSERT_TRUE(window.next_page(false, kLimits));
  send_page(window, all_of({4, 5, 6}), true);
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(6));
  send_page(window, {of(7), of(8, 'b'), of(9)}, false);
  EXPECT_EQ(window.entries().back().id, id_of(8));
  EXPECT_FALSE(window.next_page(false, kLimits)) << "only a has something that waits";
  EXPECT_TRUE(window.offer(of(10, 'b'), false, kLimits)) << "b is live";

  window.acked(id_of(1), kLimits);
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(4)) << "where a was left";
  send_page(window, all_of({5}), true);
  window.acked(id_of(2), kLimits);
  window.acked(id_of(3), kLimits);
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(5));
  send_page(window, {of(6), of(7)}, true);
  EXPECT_EQ(window.entries().back().id, id_of(7));
}

TEST(DeliveryWindow, AHeldAppWhoseNotificationsAreFarApartReadsWholePages) {
  DeliveryWindow window;
  fill(window);
  window.acked(id_of(1), kLimits);
  EXPECT_EQ(window.next_page(false, kLimits)->limit, 1u);
  send_page(window, {of(5, 'b')}, true);
  const auto next = window.next_page(false, kLimits);
  EXPECT_EQ(next->after, id_of(5));
  EXPECT_EQ(next->limit, kLimits.page);
}

TEST(DeliveryWindow, AReadForAHeldAppThatMissesAnAnnouncementIsRepeated) {
  DeliveryWindow window;
  fill(window);
  window.acked(id_of(1), kLimits);
  ASSERT_TRUE(window.next_page(false, kLimits));
  EXPECT_FALSE(window.offer(of(6), false, kLimits));
  send_page(window, all_of({5}), false);
  EXPECT_TRUE(window.catching_up());
  window.acked(id_of(2), kLimits);
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(5));
  send_page(window, all_of({6}), false);
  EXPECT_FALSE(window.catching_up());
}

TEST(DeliveryWindow, WhatHasExpiredFreesItsPlace) {
  DeliveryWindow window;
  go_live(window);
  for (std::uint64_t n = 1; n <= 4; ++n) {
    ASSERT_TRUE(window.offer(of(n), false, kLimits));
    ASSERT_TRUE(window.sent(id_of(n), kNow, kNow + std::chrono::seconds(n)));
  }
  EXPECT_FALSE(window.room_by_expiry()) << "nothing waits for it";
  ASSERT_FALSE(window.offer(of(5), false, kLimits));
  EXPECT_EQ(window.room_by_expiry(), kNow + std::chrono::seconds(1));
  window.expire(kNow + std::chrono::milliseconds(999));
  EXPECT_FALSE(window.next_page(false, kLimits));
  window.expire(kNow + std::chrono::seconds(1));
  EXPECT_EQ(window.entries().size(), 3u);
  EXPECT_TRUE(window.next_page(false, kLimits));
}

TEST(DeliveryWindow, AnAppThatTheDeviceLeftLosesItsPlaces) {
  DeliveryWindow window;
  fill(window);
  ASSERT_TRUE(window.offer(of(6, 'b'), false, kLimits));
  window.forget(app_of('a'));
  ASSERT_EQ(window.entries().size(), 1u);
  EXPECT_FALSE(window.catching_up());
  window.forget(app_of('b'));
  EXPECT_TRUE(window.idle());
  EXPECT_FALSE(window.sent(id_of(6), kNow, kLater)) << "its body came too late";
}

TEST(DeliveryWindow, AnAppThatIsLeftWhileItIsReadEndsTheReadFirst) {
  DeliveryWindow window;
  fill(window);
  window.acked(id_of(1), kLimits);
  ASSERT_TRUE(window.next_page(false, kLimits));
  window.forget(app_of('a'));
  window.start();
  EXPECT_FALSE(window.next_page(false, kLimits)) << "the earlier page is still being read";
  EXPECT_TRUE(window.page(all_of({5}), false, kLimits).empty());
  EXPECT_EQ(window.next_page(false, kLimits)->after, std::nullopt);
}

TEST(DeliveryWindow, OwnsNothingWhileIdle) {
  DeliveryWindow window;
  EXPECT_TRUE(window.idle());
  go_live(window);
  ASSERT_TRUE(window.offer(of(1), false, kLimits));
  EXPECT_FALSE(window.idle());
  ASSERT_TRUE(window.sent(id_of(1), kNow, kLater));
  ASSERT_TRUE(window.acked(id_of(1), kLimits));
  EXPECT_TRUE(window.idle());
  EXPECT_LE(sizeof(DeliveryWindow), sizeof(void*));
}

TEST(DeliveryWindow, SendsAnAnnouncedOneAtOnceAndOnlyOnce) {
  DeliveryWindow window;
  go_live(window);
  EXPECT_TRUE(window.offer(of(1), false, kLimits));
  EXPECT_FALSE(window.offer(of(1), false, kLimits)) << "while it is fetched";
  ASSERT_TRUE(window.sent(id_of(1), kNow, kLater));
  EXPECT_FALSE(window.sent(id_of(1), kNow, kLater));
  EXPECT_FALSE(window.offer(of(1), false, kLimits)) << "while it is unacked";
  EXPECT_FALSE(window.catching_up());
}

TEST(DeliveryWindow, BeyondTheWindowItFallsBehindAndScansFromThere) {
  DeliveryWindow window;
  go_live(window);
  for (std::uint64_t n = 1; n <= 4; ++n) {
    ASSERT_TRUE(window.offer(of(n), false, kLimits));
    ASSERT_TRUE(window.sent(id_of(n), kNow, kLater));
  }
  EXPECT_FALSE(window.offer(of(5), false, kLimits));
  EXPECT_FALSE(window.next_page(false, kLimits));
  window.acked(id_of(1), kLimits);
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(4));
}

TEST(DeliveryWindow, WhatIsAnnouncedDuringAReadIsLookedForAgain) {
  DeliveryWindow window;
  window.start();
  ASSERT_TRUE(window.next_page(false, kLimits));
  EXPECT_FALSE(window.offer(of(7), false, kLimits));
  EXPECT_TRUE(window.page({}, false, kLimits).empty());
  ASSERT_TRUE(window.catching_up()) << "the read may have been older than the announcement";
  ASSERT_TRUE(window.next_page(false, kLimits));
  send_page(window, all_of({7}), false);
  EXPECT_FALSE(window.catching_up());
}

TEST(DeliveryWindow, AnAnnouncedOneBehindTheScanMovesItBack) {
  DeliveryWindow window;
  window.start();
  ASSERT_TRUE(window.next_page(false, kLimits));
  send_page(window, all_of({5, 6}), true);
  EXPECT_FALSE(window.offer(of(3), false, kLimits));
  const auto request = window.next_page(false, kLimits);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->after, id_of(2));
  send_page(window, all_of({3, 5, 6}), false);
  ASSERT_EQ(window.entries().size(), 3u);
  EXPECT_EQ(window.entries().back().id, id_of(3));
}

TEST(DeliveryWindow, ABlockedSocketSendsNothingMore) {
  DeliveryWindow window;
  go_live(window);
  EXPECT_FALSE(window.offer(of(1), true, kLimits));
  EXPECT_FALSE(window.next_page(true, kLimits));
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(0));
}

TEST(DeliveryWindow, WhatIsGivenBackIsFoundAgainAndNothingOvertakesIt) {
  DeliveryWindow window;
  go_live(window);
  ASSERT_TRUE(window.offer(of(1), false, kLimits));
  ASSERT_TRUE(window.offer(of(2), false, kLimits));
  EXPECT_FALSE(window.out_of_turn(of(1)));
  window.give_back(id_of(1));
  EXPECT_FALSE(window.next_page(false, kLimits)) << "2 is still being fetched";
  EXPECT_TRUE(window.out_of_turn(of(2)));
  window.give_back(id_of(2));
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(0));
  send_page(window, all_of({1, 2}), false);
  EXPECT_EQ(window.entries().size(), 2u);
}

TEST(DeliveryWindow, AnEndedNotificationFreesItsPlace) {
  DeliveryWindow window;
  go_live(window);
  ASSERT_TRUE(window.offer(of(1), false, kLimits));
  window.gone(id_of(1));
  EXPECT_TRUE(window.idle());
}

TEST(DeliveryWindow, AFailedReadIsRepeatedWithWhatWasAnnouncedMeanwhile) {
  DeliveryWindow window;
  window.start();
  ASSERT_TRUE(window.next_page(false, kLimits));
  send_page(window, all_of({5}), true);
  ASSERT_TRUE(window.next_page(false, kLimits));
  EXPECT_FALSE(window.offer(of(4), false, kLimits));
  window.page_failed();
  EXPECT_EQ(window.next_page(false, kLimits)->after, id_of(3));
}

TEST(DeliveryWindow, AnAckedOneIsNotSentAgainThoughTheStoreStillHasIt) {
  DeliveryWindow window;
  window.start();
  ASSERT_TRUE(window.next_page(false, kLimits));
  send_page(window, all_of({1, 2, 3}), true);
  window.acked(id_of(2), kLimits);
  EXPECT_FALSE(window.offer(of(0), false, kLimits));
  ASSERT_TRUE(window.next_page(false, kLimits));
  EXPECT_EQ(window.page(all_of({0, 1, 2}), true, kLimits), std::vector<std::size_t>{0});
}

TEST(DeliveryWindow, AnAckDuringTheFetchStopsTheSending) {
  DeliveryWindow window;
  go_live(window);
  ASSERT_TRUE(window.offer(of(1), false, kLimits));
  ASSERT_TRUE(window.acked(id_of(1), kLimits));
  EXPECT_FALSE(window.sent(id_of(1), kNow, kLater));
}

TEST(DeliveryWindow, ReportsEachSentOneOnce) {
  DeliveryWindow window;
  go_live(window);
  ASSERT_TRUE(window.offer(of(1), false, kLimits));
  EXPECT_EQ(window.report(id_of(1)), std::nullopt) << "not sent yet";
  ASSERT_TRUE(window.sent(id_of(1), kNow, kLater));
  EXPECT_EQ(window.report(id_of(1)), kNow);
  EXPECT_EQ(window.report(id_of(1)), std::nullopt);
  EXPECT_EQ(window.report(id_of(2)), std::nullopt);
}

// A store, a queue and a device around one window, driven at random.
class Model {
 public:
  struct Shape {
    bool ascending = false;   // ids are stored and announced in their order
    bool ack_lag = false;     // the store learns of acks late
    bool ends_early = false;  // some notifications end before they are delivered
    bool failures = false;    // some reads and fetches fail
    std::uint64_t apps = 1;
    bool silent = false;  // app a never acks
    bool late = false;    // apps are routed independently: what is stored first may become pending last
  };

  Model(std::uint64_t seed, Shape shape) : random_(seed), shape_(shape) {
    limits_.per_app = 1 + pick(6);
    limits_.per_device = limits_.per_app + pick(6);
    limits_.page = 1 + pick(4);
    for (std::uint64_t n = pick(12); n > 0; --n) store();
    window_.start();
  }

  void step() {
    switch (pick(10)) {
      case 0:
      case 1:
        store();
        if (shape_.late) route_some();
        break;
      case 2:
      case 3:
        announce();
        break;
      case 4:
        fetch();
        break;
      case 5:
        read();
        break;
      case 6:
        answer();
        break;
      case 7:
        ack();
        break;
      case 8:
        blocked_ = pick(3) == 0;
        break;
      default:
        record();
        break;
    }
    check();
  }

  // Nothing new comes, the device reads and acks everything.
  void settle() {
    blocked_ = false;
    shape_.failures = false;
    const int rounds = shape_.silent ? 3'000 : 5'000;
    for (auto& [name, waiting] : unrouted_) {
      while (!waiting.empty()) route(name);
    }
    for (int i = 0; i < rounds && !(window_.idle() && announced_.empty()); ++i) {
      announce();
      fetch();
      read();
      answer();
      ack();
      record();
      check();
    }
    while (!acked_.empty()) record();
    if (!shape_.silent) {
      EXPECT_TRUE(window_.idle());
    }
    std::uint64_t unsent_of_a = 0;
    for (const auto& id : stored_) {
      if (received_.contains(id) || ended_.contains(id)) continue;
      ASSERT_TRUE(shape_.silent && app(id) == 'a') << "unsent, of app " << app(id);
      ++unsent_of_a;
    }
    const auto unacked_of_a = std::ranges::count_if(unacked_, [this](const MessageId& id) { return app(id) == 'a'; });
    EXPECT_TRUE(unsent_of_a == 0 || unacked_of_a > 0) << "it has room";
  }

 private:
  std::uint64_t pick(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_); }
  char app(const MessageId& id) const { return apps_.at(id); }
  Pending pending_of(const MessageId& id) const { return {id, app_of(app(id)), shape_.late}; }
  bool fails() { return shape_.failures && pick(5) == 0; }

  void store() {
    next_ += 10;
    const auto id = id_of(shape_.ascending ? next_ : next_ - std::min(next_ - 1, pick(80)));
    if (!stored_.insert(id).second) return;
    apps_[id] = static_cast<char>('a' + pick(shape_.apps));
    unrouted_[app(id)].push_back(id);
    if (!shape_.late) route(app(id));
  }

  void route(char name) {
    std::deque<MessageId>& waiting = unrouted_[name];
    for (std::uint64_t n = 1 + pick(3); n > 0 && !waiting.empty(); --n) {
      pending_.insert(waiting.front());
      announced_.push_back(waiting.front());
      waiting.pop_front();
    }
  }
  void route_some() { route(static_cast<char>('a' + pick(shape_.apps))); }

  void announce() {
    if (announced_.empty()) return;
    const auto at = announced_.begin() + static_cast<std::ptrdiff_t>(shape_.ascending ? 0 : pick(announced_.size()));
    const MessageId id = *at;
    announced_.erase(at);
    if (window_.offer(pending_of(id), blocked_, limits_)) fetches_.push_back(id);
  }

  void fetch() {
    if (fetches_.empty()) return;
    const MessageId id = fetches_.front();
    fetches_.pop_front();
    if (shape_.ends_early && pick(4) == 0) {
      ended_.insert(id);
      pending_.erase(id);
    }
    if (fails() || blocked_ || window_.out_of_turn(pending_of(id))) return window_.give_back(id);
    if (!pending_.contains(id)) return window_.gone(id);
    send(id);
  }

  void read() {
    const auto request = window_.next_page(blocked_, limits_);
    if (!request) return;
    ASSERT_FALSE(reading_);
    reading_ = true;
    request_ = *request;
    seen_ = false;
    if (pick(2) == 0) look();
  }

  // The moment at which the store looks, somewhere between the request and the answer.
  void look() {
    seen_ = true;
    page_.clear();
    auto from = request_.after ? pending_.upper_bound(*request_.after) : pending_.begin();
    for (; from != pending_.end() && page_.size() < request_.limit; ++from) page_.push_back(*from);
    more_ = from != pending_.end();
  }

  void answer() {
    if (!reading_) return;
    if (!seen_) look();
    reading_ = false;
    if (fails()) return window_.page_failed();
    std::vector<Pending> found;
    for (const auto& id : page_) found.push_back(pending_of(id));
    for (const auto i : window_.page(found, more_, limits_)) {
      if (blocked_) {
        window_.give_back(page_[i]);
      } else {
        send(page_[i]);
        blocked_ = shape_.failures && pick(6) == 0;
      }
    }
  }

  void send(const MessageId& id) {
    ASSERT_TRUE(window_.sent(id, kNow, kLater));
    ASSERT_TRUE(unacked_.insert(id).second) << "sent twice while unacked";
    const bool first = received_.insert(id).second;
    if (!shape_.ack_lag) {
      EXPECT_TRUE(first) << "sent twice on one connection";
    }
    if (shape_.ascending && first) {
      EXPECT_LT(latest_[app(id)], id) << "out of order";
      latest_[app(id)] = id;
    }
  }

  void ack() {
    if (unacked_.empty()) return;
    auto at = unacked_.begin();
    std::advance(at, pick(unacked_.size()));
    const MessageId id = *at;
    if (shape_.silent && app(id) == 'a') return;
    unacked_.erase(at);
    EXPECT_TRUE(window_.acked(id, limits_));
    acked_.push_back(id);
    if (!shape_.ack_lag) record();
  }

  void record() {
    if (acked_.empty()) return;
    pending_.erase(acked_.front());
    acked_.pop_front();
  }

  void check() {
    std::map<char, std::size_t> by_app;
    for (const auto& entry : window_.entries()) ++by_app[app(entry.id)];
    for (const auto& [name, places] : by_app) ASSERT_LE(places, limits_.per_app) << name;
    ASSERT_LE(window_.entries().size(), limits_.per_device + shape_.apps);
    ASSERT_LE(unacked_.size(), limits_.per_device + shape_.apps);
  }

  std::mt19937_64 random_;
  Shape shape_;
  WindowLimits limits_;
  DeliveryWindow window_;
  std::uint64_t next_ = 100;
  std::set<MessageId> stored_, pending_, received_, unacked_, ended_;
  std::deque<MessageId> announced_, fetches_, acked_;
  std::map<MessageId, char> apps_;
  std::map<char, MessageId> latest_;
  std::map<char, std::deque<MessageId>> unrouted_;
  bool blocked_ = false;
  bool reading_ = false;
  bool seen_ = false;
  PageRequest request_;
  std::vector<MessageId> page_;
  bool more_ = false;
};

class DeliveryWindowModel : public testing::TestWithParam<Model::Shape> {};

TEST_P(DeliveryWindowModel, NothingPendingIsLeftUnsentWhateverTheInterleaving) {
  for (std::uint64_t seed = 1; seed <= 400 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed, GetParam());
    for (int i = 0; i < 300 && !HasFailure(); ++i) model.step();
    model.settle();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, DeliveryWindowModel,
    testing::Values(Model::Shape{}, Model::Shape{.ascending = true}, Model::Shape{.apps = 3},
                    Model::Shape{.ascending = true, .apps = 4},
                    Model::Shape{.ascending = true, .failures = true, .apps = 3},
                    Model::Shape{.ack_lag = true, .ends_early = true, .failures = true, .apps = 3},
                    Model::Shape{.apps = 3, .silent = true},
                    Model::Shape{.ascending = true, .failures = true, .apps = 3, .silent = true},
                    Model::Shape{.ascending = true, .apps = 3, .late = true},
                    Model::Shape{.ascending = true, .failures = true, .apps = 4, .late = true},
                    Model::Shape{.ascending = true, .ack_lag = true, .apps = 3, .silent = true, .late = true},
                    Model::Shape{.ascending = true, .failures = true}, Model::Shape{.ack_lag = true},
                    Model::Shape{.ends_early = true, .failures = true},
                    Model::Shape{.ack_lag = true, .ends_early = true, .failures = true}));

}  // namespace
}  // namespace herald::roles::user_agent_ws
