#pragma once
// Private to the folder: urgencies as user agents write them (RFC 8030 §5.3).

#include <string_view>

#include "domain/message.h"

namespace herald::protocol::webpush {

[[nodiscard]] constexpr std::string_view urgency_word(Urgency urgency) {
  switch (urgency) {
    case Urgency::kVeryLow:
      return "very-low";
    case Urgency::kLow:
      return "low";
    case Urgency::kNormal:
      return "normal";
    case Urgency::kHigh:
      return "high";
  }
  return "normal";
}

}  // namespace herald::protocol::webpush
