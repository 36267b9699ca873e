#pragma once
// The name that was meant by one that does not exist.

#include <string>
#include <string_view>
#include <vector>

namespace herald::app {

// "; did you mean NAME?" with the nearest of `names`, or nothing if none is within three changes of letters.
[[nodiscard]] std::string did_you_mean(std::string_view given, const std::vector<std::string>& names);

}  // namespace herald::app
