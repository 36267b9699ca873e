#include "simulation/trace.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace herald::simulation {

namespace {

// Eight bytes at a time; only has to tell traces apart.
[[nodiscard]] std::uint64_t mixed(std::uint64_t hash, std::string_view text) {
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0x9FB21C651E98DF25U;
    hash ^= hash >> 32U;
  };
  mix(text.size());
  while (!text.empty()) {
    std::uint64_t word = 0;
    const auto size = std::min(text.size(), sizeof word);
    std::memcpy(&word, text.data(), size);
    mix(word);
    text.remove_prefix(size);
  }
  return hash;
}

}  // namespace

std::string& Trace::next_line() {
  std::string& line = last_[events_ % kKept];
  line.clear();
  return line;
}

void Trace::note(const std::string& line) {
  hash_ = mixed(hash_, line);
  ++events_;
  if (text_ == Text::kAll) std::printf("%6llu %s\n", static_cast<unsigned long long>(events_), line.c_str());
}

void Trace::fault(std::string_view name) {
  const auto known = faults_.find(name);
  if (known != faults_.end()) {
    ++known->second;
  } else {
    faults_.emplace(name, 1);
  }
  event("fault: {}", name);
}

std::vector<std::string> Trace::last_events() const {
  std::vector<std::string> events;
  const std::uint64_t first = events_ > kKept ? events_ - kKept : 0;
  for (std::uint64_t i = first; i < events_; ++i) events.push_back(last_[i % kKept]);
  return events;
}

}  // namespace herald::simulation
