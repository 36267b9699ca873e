#include "domain/message_id_source.h"

#include <algorithm>
#include <span>

namespace herald {

namespace {

// The year 9999: a damaged key must not use up the ids that are left.
constexpr std::uint64_t kGreatestFloorUs = 253'402'300'799'000'000;

void put_big_endian(std::uint64_t value, std::uint8_t* out) {
  for (int i = 7; i >= 0; --i) {
    out[i] = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
}

std::uint64_t microseconds_of(const MessageId& id) {
  std::uint64_t us = 0;
  for (int i = 0; i < 8; ++i) us = us << 8 | id.bytes[i];
  return us;
}

}  // namespace

void MessageIdSource::start_after(const MessageId& newest) {
  const std::uint64_t floor = std::min(microseconds_of(newest), kGreatestFloorUs);
  std::uint64_t last = last_us_.load(std::memory_order_relaxed);
  while (last < floor && !last_us_.compare_exchange_weak(last, floor, std::memory_order_relaxed)) {
  }
}

MessageId MessageIdSource::next() {
  const auto now_us = static_cast<std::uint64_t>(clock_.wall().ms) * 1000;
  std::uint64_t last = last_us_.load(std::memory_order_relaxed);
  std::uint64_t mine = 0;
  do {
    mine = std::max(now_us, last + 1);
  } while (!last_us_.compare_exchange_weak(last, mine, std::memory_order_relaxed));

  MessageId id;
  put_big_endian(mine, id.bytes.data());
  random_.fill(std::span(id.bytes).subspan(8));
  return id;
}

WallTime made_at(const MessageId& id) {
  return {static_cast<std::int64_t>(microseconds_of(id) / 1000)};
}

MessageId first_id_at(WallTime time) {
  MessageId id;
  put_big_endian(static_cast<std::uint64_t>(std::max<std::int64_t>(time.ms, 0)) * 1000, id.bytes.data());
  return id;
}

}  // namespace herald
