#pragma once
// HERALD_CHECK(condition, "what was violated"): an assertion that stays on in release builds. For bugs only,
// never for input. Prints the place and the reason to standard error, then aborts.

namespace herald {
[[noreturn]] void check_failed(const char* condition, const char* reason, const char* file, int line);
}

#define HERALD_CHECK(condition, reason)                               \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::herald::check_failed(#condition, reason, __FILE__, __LINE__); \
  } while (false)
