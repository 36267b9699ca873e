#include "load/ledger.h"

#include <gtest/gtest.h>

#include <thread>

namespace herald::load {
namespace {

constexpr WallTime kNow{1'700'000'000'000};
using std::chrono::seconds;

TEST(Ledger, AnAcceptedMessageIsOwedToEachDeviceOfItsApp) {
  Ledger ledger(1, 7, 3);  // app 0: devices 0, 3, 6; apps 1 and 2: two devices each
  EXPECT_EQ(ledger.devices_of(0), 3U);
  EXPECT_EQ(ledger.devices_of(2), 2U);
  const auto message = ledger.begin(0, 0);
  ledger.settle(message, Outcome::kAccepted);
  EXPECT_EQ(ledger.arrive(message, 0, 3, kNow), Arrival::kFirst);
  EXPECT_EQ(ledger.totals(kNow).lost, 2U);
  EXPECT_EQ(ledger.arrive(message, 0, 0, kNow), Arrival::kFirst);
  EXPECT_EQ(ledger.arrive(message, 0, 6, kNow), Arrival::kFirst);
  const auto totals = ledger.totals(kNow);
  EXPECT_EQ(totals.lost, 0U);
  EXPECT_EQ(totals.owed, 3U);
  EXPECT_EQ(totals.delivered, 3U);
  EXPECT_EQ(totals.accepted, 1U);
}

TEST(Ledger, TheSameAgainIsARepeatAndNotADelivery) {
  Ledger ledger(1, 2, 2);
  const auto message = ledger.begin(0, 1);
  ledger.settle(message, Outcome::kAccepted);
  EXPECT_EQ(ledger.arrive(message, 1, 1, kNow), Arrival::kFirst);
  EXPECT_EQ(ledger.arrive(message, 1, 1, kNow), Arrival::kRepeat);
  EXPECT_EQ(ledger.totals(kNow).delivered, 1U);
}

TEST(Ledger, OnlyWhatWasAcceptedCanBeLost) {
  Ledger ledger(1, 1, 1);
  ledger.settle(ledger.begin(0, 0), Outcome::kRefused);
  ledger.settle(ledger.begin(0, 0), Outcome::kUnknown);
  ledger.begin(0, 0);
  const auto totals = ledger.totals(kNow);
  EXPECT_EQ(totals.lost, 0U);
  EXPECT_EQ(totals.refused, 1U);
  EXPECT_EQ(totals.unknown, 2U);
}

TEST(Ledger, ArrivalBeforeTheAnswerCounts) {
  Ledger ledger(1, 1, 1);
  const auto message = ledger.begin(0, 0);
  EXPECT_EQ(ledger.arrive(message, 0, 0, kNow), Arrival::kFirst);
  ledger.settle(message, Outcome::kAccepted);
  EXPECT_EQ(ledger.totals(kNow).lost, 0U);
}

TEST(Ledger, WhatIsNotOursIsForeign) {
  Ledger ledger(2, 4, 2);
  const auto message = ledger.begin(0, 1);
  EXPECT_EQ(ledger.arrive(message, 0, 0, kNow), Arrival::kForeign);      // the stamp and the book disagree
  EXPECT_EQ(ledger.arrive(message, 1, 2, kNow), Arrival::kForeign);      // device 2 listens to app 0
  EXPECT_EQ(ledger.arrive(message, 1, 5, kNow), Arrival::kForeign);      // no such device
  EXPECT_EQ(ledger.arrive(message + 1, 1, 1, kNow), Arrival::kForeign);  // never begun
  EXPECT_EQ(ledger.arrive(~0ULL, 1, 1, kNow), Arrival::kForeign);
  EXPECT_EQ(ledger.arrive(1ULL << 40, 1, 1, kNow), Arrival::kForeign);  // the other book is empty
  EXPECT_EQ(ledger.arrive(message, 1, 3, kNow), Arrival::kFirst);
}

TEST(Ledger, AnExpiredMessageMayMissAndMustNotComeLate) {
  Ledger ledger(1, 1, 1);
  const auto missing = ledger.begin(0, 0, kNow + seconds(2));
  const auto late = ledger.begin(0, 0, kNow + seconds(2));
  ledger.settle(missing, Outcome::kAccepted);
  ledger.settle(late, Outcome::kAccepted);
  EXPECT_EQ(ledger.totals(kNow + seconds(1)).lost, 2U);
  EXPECT_EQ(ledger.arrive(late, 0, 0, kNow + seconds(2) + kOnTheWayMost), Arrival::kLate);
  const auto totals = ledger.totals(kNow + seconds(2));
  EXPECT_EQ(totals.lost, 0U);
  EXPECT_EQ(totals.expired, 1U);
}

TEST(Ledger, JustBeforeTheExpiryOrOnTheWayIsInTime) {
  Ledger ledger(1, 1, 1);
  const auto message = ledger.begin(0, 0, kNow + seconds(2));
  EXPECT_EQ(ledger.arrive(message, 0, 0, kNow + seconds(2) + kOnTheWayMost - std::chrono::milliseconds(1)),
            Arrival::kFirst);
}

TEST(Ledger, AReplacedMessageMayMissAndMustNotFollow) {
  Ledger ledger(1, 1, 1);
  const auto older = ledger.begin(0, 0);
  const auto newer = ledger.begin(0, 0);
  ledger.replace(older, newer);
  ledger.settle(older, Outcome::kAccepted);
  ledger.settle(newer, Outcome::kAccepted);
  EXPECT_EQ(ledger.totals(kNow).lost, 1U);
  EXPECT_EQ(ledger.totals(kNow).replaced, 1U);
  EXPECT_EQ(ledger.arrive(newer, 0, 0, kNow), Arrival::kFirst);
  EXPECT_EQ(ledger.totals(kNow).lost, 0U);
  EXPECT_EQ(ledger.arrive(older, 0, 0, kNow), Arrival::kLate);
}

TEST(Ledger, ARefusedReplacementReplacesNothing) {
  Ledger ledger(1, 1, 1);
  const auto older = ledger.begin(0, 0);
  const auto newer = ledger.begin(0, 0);
  ledger.replace(older, newer);
  ledger.settle(older, Outcome::kAccepted);
  ledger.settle(newer, Outcome::kRefused);
  EXPECT_EQ(ledger.totals(kNow).lost, 1U);
}

TEST(Ledger, ManyMessagesToManyDevicesFromManyThreads) {
  constexpr std::uint64_t kDevices = 130;
  Ledger ledger(3, kDevices, 1);
  std::vector<std::thread> threads;
  for (std::size_t book = 0; book < 3; ++book) {
    threads.emplace_back([&ledger, book] {
      for (int i = 0; i < 2500; ++i) {
        const auto message = ledger.begin(book, 0);
        ledger.settle(message, Outcome::kAccepted);
        for (std::uint64_t device = 0; device < kDevices; ++device) {
          if (i == 2000 && device == 77) continue;
          EXPECT_EQ(ledger.arrive(message, 0, device, kNow), Arrival::kFirst);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto totals = ledger.totals(kNow);
  EXPECT_EQ(totals.accepted, 7500U);
  EXPECT_EQ(totals.delivered, 7500 * kDevices - 3);
  EXPECT_EQ(totals.lost, 3U);
}

}  // namespace
}  // namespace herald::load
