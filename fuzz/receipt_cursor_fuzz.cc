// Any text as the cursor of a receipt's page: none opens but those that were made for the app.

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "roles/app_server/receipt_cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace herald;
  static const roles::app_server::ReceiptCursor cursors(std::vector<std::uint8_t>(32, 7));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto after = cursors.open({}, text)) {
    HERALD_CHECK(cursors.seal({}, *after) == text, "a cursor was made by seal()");
  }
  UserAgentId device;
  for (std::size_t i = 0; i < std::min(size, device.bytes.size()); ++i) device.bytes[i] = data[i];
  const auto opened = cursors.open({}, cursors.seal({}, device));
  HERALD_CHECK(opened && *opened == device, "what was sealed opens");
  AppId other;
  other.bytes.fill(1);
  HERALD_CHECK(!cursors.open(other, cursors.seal({}, device)), "not for another app");
  return 0;
}
