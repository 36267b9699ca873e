#include "app/configuration_file.h"

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "app/file_checks.h"
#include "app/nearest_name.h"
#include "app/options.h"
#include "base/file_text.h"

namespace herald::app {

namespace {

bool holds_secret(const Settings& settings) {
  return std::ranges::any_of(settings, [](const auto& named) { return find_option(named.first)->is_secret; });
}

std::string suggestion(std::string_view path) {
  std::vector<std::string> paths;
  for (const auto& option : options()) paths.push_back(option.path);
  return did_you_mean(path, paths);
}

// A part of what the parser says, and what to do about it. The first that fits counts.
struct Mistake {
  std::string_view where;  // what was being read
  std::string_view what;   // how that failed
  std::string_view remedy;
};

constexpr std::string_view kUnclosed =
    "a string is not closed on its line; it must end with a quote there (a control character in it is written as an "
    "escape, such as \\n)";
constexpr std::string_view kUnquoted =
    "a value is missing or not readable; a text must be in quotes, as in listen = \"0.0.0.0:8080\"";
constexpr std::string_view kNotAnOption =
    "an option is written as name = value, such as loops = 2, on a line of its own";

constexpr Mistake kMistakes[] = {
    {"", "utf-8", "a character is not valid UTF-8; save the file as UTF-8"},
    {"string", "end-of-file", kUnclosed},
    {"string", "control characters", kUnclosed},
    {"string", "escape",
     "a backslash in a string begins an escape; write \\\\ for one, or put the string in single quotes"},
    {"", "redefine", "a name is given a second time; remove one of the two"},
    {"", "not representable", "a number is too large"},
    {"", "leading zero", "a number has a leading zero; write it without"},
    {"", "control characters", "a control character is not allowed here; remove it"},
    {"table header", "", "the name of a section is not closed; it must be in brackets, such as [limits]"},
    {"inline table", "", "a table in braces is not closed on its line; it must end with }"},
    {"array", "", "an array is not closed; it must end with ], and have a comma between its strings"},
    {"key-value pair", "expected value", kUnquoted},
    {"key-value pair", "expected a comment",
     "more follows on the line after the value; a text must be in quotes, and each option on a line of its own"},
    {"key", "", kNotAnOption},
    {"root table", "", kNotAnOption},
    {"", "", kUnquoted},
};

// The parser's words are "Error while parsing WHERE: WHAT", or WHAT alone.
std::string_view what_is_wrong(std::string_view description) {
  constexpr std::string_view kBegin = "Error while parsing ";
  std::string_view where;
  std::string_view what = description;
  if (description.starts_with(kBegin)) {
    where = description.substr(kBegin.size(), description.find(": ") - kBegin.size());
    what = description.substr(kBegin.size() + where.size());
  }
  const auto holds = [](std::string_view text, std::string_view part) { return text.find(part) != text.npos; };
  return std::ranges::find_if(kMistakes, [&](const Mistake& m) { return holds(where, m.where) && holds(what, m.what); })
      ->remedy;
}

class Reader {
 public:
  Reader(const std::string& name, ConfigurationFile& out) : name_(name), out_(out) {}

  void read_table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string path = prefix + std::string(key.str());
      if (const Option* option = find_option(path)) {
        read_option(*option, node);
      } else if (node.is_table() && is_section(path)) {
        read_table(*node.as_table(), path + ".");
      } else {
        error(key.source().begin, "no option is named " + path + suggestion(path));
      }
    }
  }

  void error(const toml::source_position& at, const std::string& what) {
    out_.errors.push_back(place(at) + ": " + what);
  }

 private:
  std::string place(const toml::source_position& at) const { return name_ + ":" + std::to_string(at.line); }

  static bool is_section(const std::string& path) {
    return std::ranges::any_of(options(), [&](const Option& o) { return o.path.starts_with(path + "."); });
  }

  void read_option(const Option& option, const toml::node& node) {
    auto texts = texts_of(option.kind, node);
    if (texts) {
      out_.settings[option.path] = {std::move(*texts), place(node.source().begin)};
    } else {
      error(node.source().begin, option.path + " must be " + wanted(option.kind));
    }
  }

  static std::string wanted(ValueKind kind) {
    switch (kind) {
      case ValueKind::kNumber:
        return "a whole number, without quotes";
      case ValueKind::kList:
        return "a string, or an array of strings";
      case ValueKind::kText:
        break;
    }
    return "a string in quotes";
  }

  static std::optional<std::vector<std::string>> texts_of(ValueKind kind, const toml::node& node) {
    if (kind == ValueKind::kNumber) {
      const auto number = node.value_exact<std::int64_t>();
      return number ? std::optional(std::vector{std::to_string(*number)}) : std::nullopt;
    }
    if (const auto text = node.value_exact<std::string>()) {
      return kind == ValueKind::kList ? split_list(*text) : std::vector{*text};
    }
    return kind == ValueKind::kList && node.is_array() ? array_texts(*node.as_array()) : std::nullopt;
  }

  static std::optional<std::vector<std::string>> array_texts(const toml::array& array) {
    std::vector<std::string> texts;
    for (const auto& element : array) {
      auto text = element.value_exact<std::string>();
      if (!text) return std::nullopt;
      texts.push_back(std::move(*text));
    }
    return texts;
  }

  const std::string& name_;
  ConfigurationFile& out_;
};

}  // namespace

ConfigurationFile parse_configuration(std::string_view toml, const std::string& name) {
  ConfigurationFile file;
  Reader reader(name, file);
  try {
    reader.read_table(toml::parse(toml, name), "");
  } catch (const toml::parse_error& error) {
    reader.error(error.source().begin, std::string(what_is_wrong(error.description())));
  }
  return file;
}

ConfigurationFile read_configuration_file(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return {{}, {"--config: " + text.error().message}};
  return parse_configuration(*text, file);
}

Resolved load_configuration(const Settings& flags, const std::string& file) {
  ConfigurationFile from_file;
  if (!file.empty()) from_file = read_configuration_file(file);
  Resolved resolved =
      resolve(flags, environment_settings([](const char* name) { return std::getenv(name); }), from_file.settings);
  resolved.warnings = unknown_variables(environ);
  if (holds_secret(from_file.settings)) {
    if (auto line = exposed_file("config", file)) resolved.warnings.push_back(std::move(*line));
  }
  resolved.errors.insert(resolved.errors.begin(), from_file.errors.begin(), from_file.errors.end());
  return resolved;
}

}  // namespace herald::app
