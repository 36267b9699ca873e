#include "base/limit_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace herald {
namespace {

struct Pair {
  const char* small;  // what the conflict names
  std::uint64_t Limits::* member;
  std::uint64_t least;  // with `other` at `value`
  std::uint64_t Limits::* other;
  std::uint64_t value;
};

class LimitPairs : public testing::TestWithParam<Pair> {};

TEST(LimitPairs, TheStandardsContradictNothing) {
  for (const auto& conflict : limit_conflicts(Limits{})) ADD_FAILURE() << conflict.limit << " " << conflict.message;
}

TEST_P(LimitPairs, HoldAtTheLeastAndNotBelow) {
  const Pair& pair = GetParam();
  Limits limits;
  limits.*pair.other = pair.value;
  limits.*pair.member = pair.least;
  const auto names = [&limits] {
    std::vector<std::string> all;
    for (const auto& conflict : limit_conflicts(limits)) all.emplace_back(conflict.limit);
    return all;
  };
  EXPECT_EQ(std::ranges::count(names(), pair.small), 0) << pair.small << " at its least";
  --(limits.*pair.member);
  const auto conflicts = limit_conflicts(limits);
  const auto found = std::ranges::find(conflicts, pair.small, &LimitConflict::limit);
  ASSERT_NE(found, conflicts.end()) << pair.small;
  EXPECT_TRUE(found->message.starts_with("must be at least " + std::to_string(pair.least) + ", since "))
      << found->message;
}

using L = Limits;
INSTANTIATE_TEST_SUITE_P(
    All, LimitPairs,
    testing::Values(
        Pair{"simplepush_hello_max_bytes", &L::simplepush_hello_max_bytes, 262'768, &L::apps_per_device, 2'000},
        Pair{"websocket_message_max_bytes", &L::websocket_message_max_bytes, 25'344, &L::watoken_max_bytes, 16'384},
        Pair{"public_key_max_bytes", &L::public_key_max_bytes, 614, &L::rsa_min_bits, 2'048},
        Pair{"http_body_max_bytes", &L::http_body_max_bytes, 100'512, &L::message_max_bytes, 100'000},
        Pair{"http_body_max_bytes", &L::http_body_max_bytes, 700'768, &L::acks_per_pull, 20'000},
        Pair{"acks_per_pull", &L::acks_per_pull, 5'000, &L::pull_page, 5'000},
        Pair{"http_header_max_bytes", &L::http_header_max_bytes, 4'608, &L::uatoken_max_bytes, 4'096},
        Pair{"http_header_max_bytes", &L::http_header_max_bytes, 12'544, &L::sender_id_max_bytes, 4'096},
        Pair{"send_buffer_max_bytes", &L::send_buffer_max_bytes, 1'073'728, &L::http_body_max_bytes, 1'000'000},
        Pair{"send_buffer_max_bytes", &L::send_buffer_max_bytes, 1'280'000, &L::apps_per_device, 2'000},
        Pair{"unacked_per_device", &L::unacked_per_device, 700, &L::unacked_window, 700},
        Pair{"unacked_per_device", &L::unacked_per_device, 700, &L::webpush_unacked_window, 700},
        Pair{"ping_retry_most_ms", &L::ping_retry_most_ms, 5'000, &L::ping_retry_first_ms, 5'000},
        Pair{"broker_retry_most_ms", &L::broker_retry_most_ms, 100, &L::broker_retry_first_ms, 100},
        Pair{"receipt_wait_ms", &L::receipt_wait_ms, 500, &L::receipt_check_ms, 500},
        Pair{"mongodb_waiting_max", &L::mongodb_waiting_max, 1'000, &L::mongodb_batch_max, 1'000},
        Pair{"lease_ms", &L::lease_ms, 6'000, &L::lease_renew_ms, 3'000}));

}  // namespace
}  // namespace herald
