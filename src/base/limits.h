#pragma once
// The named limits, from limits.def. A value object: copied into what needs it.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace herald {

struct Limits {
#define HERALD_LIMIT(name, standard, least, most, doc) std::uint64_t name = standard;
#include "base/limits.def"
#undef HERALD_LIMIT
};

struct LimitDeclaration {
  std::string_view name;
  std::uint64_t Limits::* member;
  std::uint64_t standard;
  std::uint64_t least;
  std::uint64_t most;
  std::string_view doc;
};

// Every limit, in the order of limits.def.
[[nodiscard]] std::span<const LimitDeclaration> limit_declarations();

// Sets a limit by name. kNotFound: no such limit. kInvalid: outside its range; the message says which.
[[nodiscard]] Status set_limit(Limits& limits, std::string_view name, std::uint64_t value);

}  // namespace herald
