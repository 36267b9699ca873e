#pragma once

#include <string_view>

namespace herald::app {

// The project's version, "0.1.0".
[[nodiscard]] std::string_view version();

}  // namespace herald::app
