// Any bytes as a row of the embedded store, its key or its value: what decodes is written again as something that
// decodes to the same.

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/rocksdb/cold/record_format.h"
#include "base/check.h"

namespace {

using namespace herald;
using namespace herald::adapters;

// `decode` answers a Result, `encode` makes its row.
template <class Decode, class Encode>
void survives(std::string_view row, Decode decode, Encode encode) {
  const auto first = decode(row);
  if (!first) return;
  const std::string written = encode(*first);
  const auto second = decode(written);
  HERALD_CHECK(second && encode(*second) == written, "a row survives");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view row(reinterpret_cast<const char*>(data), size);
  survives(row, [](auto value) { return decode_message({}, value); }, encode_message);
  survives(row, [](auto value) { return decode_receipt({}, value); }, encode_receipt);
  survives(row, [](auto value) { return first_receipt({}, value); }, encode_receipt);
  survives(row, [](auto value) { return decode_delivery(delivery_key({}, {}), value); }, encode_delivery);
  survives(row, decode_pending_key, pending_key);
  survives(row, decode_pending, encode_pending);
  survives(row, decode_unrouted, encode_unrouted);
  survives(row, decode_ids, encode_ids);
  survives(row, decode_ends_key, ends_key);
  survives(row, decode_young_floor, encode_young_floor);
  survives(row, [](auto value) { return decode_app({}, value); }, encode_app);
  survives(row, decode_node, encode_node);
  survives(row, decode_count, encode_count);
  (void)last_id<MessageId>(row);
  return 0;
}
