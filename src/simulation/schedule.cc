#include "simulation/schedule.h"

#include <charconv>
#include <fstream>
#include <sstream>

namespace herald::simulation {

namespace {

[[nodiscard]] std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

[[nodiscard]] Status parse_choices(std::string_view line, std::vector<std::uint32_t>& choices) {
  while (true) {
    const auto start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) return {};
    line.remove_prefix(start);
    const auto word = line.substr(0, line.find(' '));
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size()) {
      return fail(ErrorKind::kInvalid, "'" + std::string(word) + "' is not a choice: a number below 2^32 is");
    }
    choices.push_back(value);
    line.remove_prefix(word.size());
  }
}

}  // namespace

std::string to_text(const Schedule& schedule) {
  std::ostringstream out;
  std::string_view comment = schedule.comment;
  while (!comment.empty()) out << "# " << take_line(comment) << '\n';
  out << schedule.simulation << '\n';
  auto end = schedule.choices.end();
  while (end != schedule.choices.begin() && *(end - 1) == 0) --end;
  for (auto it = schedule.choices.begin(); it != end; ++it) out << (it == schedule.choices.begin() ? "" : " ") << *it;
  out << '\n';
  return out.str();
}

Result<Schedule> parse_schedule(std::string_view text) {
  Schedule schedule;
  while (text.starts_with('#')) {
    auto line = take_line(text);
    line.remove_prefix(line.starts_with("# ") ? 2 : 1);
    if (!schedule.comment.empty()) schedule.comment += '\n';
    schedule.comment += line;
  }
  schedule.simulation = take_line(text);
  if (schedule.simulation.empty()) return fail(ErrorKind::kInvalid, "the line with the simulation's name is missing");
  if (auto parsed = parse_choices(take_line(text), schedule.choices); !parsed) return std::unexpected(parsed.error());
  if (!text.empty()) return fail(ErrorKind::kInvalid, "text follows the line of choices");
  return schedule;
}

Result<Schedule> read_schedule(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return fail(ErrorKind::kUnavailable, "the schedule " + path + " cannot be read");
  auto schedule = parse_schedule(text.str());
  if (!schedule) return fail(schedule.error().kind, path + ": " + schedule.error().message);
  return schedule;
}

Status write_schedule(const std::string& path, const Schedule& schedule) {
  std::ofstream out(path);
  out << to_text(schedule);
  out.close();
  if (!out) return fail(ErrorKind::kUnavailable, "the schedule " + path + " cannot be written");
  return {};
}

}  // namespace herald::simulation
