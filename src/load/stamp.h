#pragma once
// What every message text of a load run begins with, so that a device that gets it can tell the ledger exactly what it
// got: run, sequence, intended start, app. Fixed width, characters that no server has to escape.
//
//   hb 0badcafe . 0000010000000007 . 00000a3b12cd34ef . 00000012 . xxxx…
//      run        sequence           intended start ns  app        filler     (without the spaces)

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace herald::load {

struct Stamp {
  std::uint64_t sequence = 0;
  std::int64_t intended_ns = 0;  // of the bench's monotonic clock
  std::uint32_t app = 0;
  bool operator==(const Stamp&) const = default;
};

inline constexpr std::size_t kStampBytes = 2 + 8 + 1 + 16 + 1 + 16 + 1 + 8 + 1;

// Appends a message text of `bytes` (at least kStampBytes).
void append_stamped(std::string& out, std::uint32_t run, const Stamp& stamp, std::size_t bytes);

// One delivery found in what a server sent.
struct FoundDelivery {
  Stamp stamp;
  std::string_view message_id;  // empty: none given
};

// Walks the deliveries of `run` in a frame or a pulled array without parsing its JSON.
class DeliveryScanner {
 public:
  DeliveryScanner(std::string_view text, std::uint32_t run);
  // The next delivery; nullopt: no further one.
  std::optional<FoundDelivery> next();

 private:
  [[nodiscard]] std::size_t find_stamp(std::size_t from) const;

  std::string_view text_;
  char mark_[11];  // "hb", run, "."
  std::size_t at_;
  bool first_ = true;
};

// The value of member `name` (a string without escapes) at or after the start of `text`; empty if there is none.
[[nodiscard]] std::string_view string_member(std::string_view text, std::string_view name);

}  // namespace herald::load
