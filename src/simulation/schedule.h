#pragma once
// A schedule as a file: the record of a run's choices, which repeats it whatever the generator is.
//
//   # any number of lines that say what it found
//   store
//   0 3 0 17 2 1
//
// Zeros at the end are left out.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace herald::simulation {

struct Schedule {
  std::string comment;     // may have several lines
  std::string simulation;  // its name
  std::vector<std::uint32_t> choices;
};

[[nodiscard]] std::string to_text(const Schedule& schedule);
// kInvalid: not the form above.
[[nodiscard]] Result<Schedule> parse_schedule(std::string_view text);

// kUnavailable: the file cannot be read or written.
[[nodiscard]] Result<Schedule> read_schedule(const std::string& path);
[[nodiscard]] Status write_schedule(const std::string& path, const Schedule& schedule);

}  // namespace herald::simulation
