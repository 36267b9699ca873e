#include "transport/descriptor_reserve.h"

#include <sys/resource.h>

#include <algorithm>

namespace herald::transport {

namespace {

// A shortage is over when this part of the connections' descriptors was given without a refusal. One low number alone
// says little: an old connection may have just closed.
constexpr std::uint64_t kFreeAgainPart = 16;

std::uint64_t soft_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return soft_limit();
}

DescriptorReserve::DescriptorReserve(std::uint64_t reserved) : reserved_(reserved) {
  read_limit();
}

void DescriptorReserve::read_limit() {
  const std::uint64_t limit = soft_limit();
  usable_ = limit - std::min(reserved_, limit / 2);
}

bool DescriptorReserve::covers(int fd) {
  const auto number = static_cast<std::uint64_t>(fd);
  begins_ = false;
  if (number >= usable_) read_limit();
  if (number >= usable_) {
    begins_ = !short_;
    short_ = true;
    given_since_ = 0;
    return true;
  }
  if (short_ && ++given_since_ > usable_ / kFreeAgainPart) short_ = false;
  return false;
}

}  // namespace herald::transport
