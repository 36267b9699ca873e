#pragma once
// What happened in a run: a hash over every event, the last events in words, and how often each kind of fault was
// injected. Two runs of the same choices must have the same hash.

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace herald::simulation {

class Trace {
 public:
  enum class Text : std::uint8_t {
    kLast,  // keep the last events only
    kAll,   // print every event to standard output as well
  };
  explicit Trace(Text text = Text::kLast) : text_(text) {}

  // One event, in the words of {fmt}. Put in nothing that differs between two runs of one schedule: no address, no
  // real time, no order of an unordered container.
  template <class... Args>
  void event(fmt::format_string<Args...> format, Args&&... args) {
    std::string& line = next_line();
    fmt::format_to(std::back_inserter(line), format, std::forward<Args>(args)...);
    note(line);
  }
  // A fault was injected; `name` is one of Simulation::faults(). Is an event too.
  void fault(std::string_view name);

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  // Oldest first.
  [[nodiscard]] std::vector<std::string> last_events() const;
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& faults() const { return faults_; }

 private:
  static constexpr std::size_t kKept = 40;

  [[nodiscard]] std::string& next_line();
  void note(const std::string& line);

  Text text_;
  std::uint64_t hash_ = 0x2545F4914F6CDD1DU;
  std::uint64_t events_ = 0;
  std::vector<std::string> last_ = std::vector<std::string>(kKept);
  std::map<std::string, std::uint64_t, std::less<>> faults_;
};

}  // namespace herald::simulation
