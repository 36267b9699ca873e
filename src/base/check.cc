#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace herald {

void check_failed(const char* condition, const char* reason, const char* file, int line) {
  std::fprintf(stderr, "herald: bug: %s (%s) at %s:%d\n", reason, condition, file, line);
  std::abort();
}

}  // namespace herald
