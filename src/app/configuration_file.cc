#include "app/configuration_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>

#include "app/nearest_name.h"
#include "app/options.h"
#include "base/file_text.h"

namespace herald::app {

namespace {

std::string suggestion(std::string_view path) {
  std::vector<std::string> paths;
  for (const auto& option : options()) paths.push_back(option.path);
  return did_you_mean(path, paths);
}

// The parser's words begin with "Error while parsing …: "; what follows tells what it met, perhaps on several lines,
// and with bytes of the file.
std::string what_is_wrong(std::string_view description) {
  if (description.find("string") != std::string_view::npos &&
      (description.find("end-of-file") != std::string_view::npos ||
       description.find("control characters") != std::string_view::npos)) {
    return "a string is not closed on its line; it must end with a quote there (a control character in it is written "
           "as "
           "an escape, such as \\n)";
  }
  std::string text = "not valid TOML: ";
  for (const char c : description) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return text;
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
    reader.error(error.source().begin, what_is_wrong(error.description()));
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
  resolved.errors.insert(resolved.errors.begin(), from_file.errors.begin(), from_file.errors.end());
  return resolved;
}

}  // namespace herald::app
