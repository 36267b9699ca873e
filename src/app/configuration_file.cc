#include "app/configuration_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>

#include "app/options.h"

namespace herald::app {

namespace {

// Edit distance, for suggesting the key that was meant.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

std::string suggestion(std::string_view path) {
  const auto& all = options();
  const auto nearest =
      std::ranges::min_element(all, {}, [path](const Option& option) { return distance(option.path, path); });
  return distance(nearest->path, path) <= 3 ? "; did you mean " + nearest->path + "?" : "";
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
    reader.error(error.source().begin, std::string(error.description()));
  }
  return file;
}

ConfigurationFile read_configuration_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    // An empty file inserts nothing, which is no failure to read.
    if (!in.is_open() || in.bad()) return {{}, {file + ": can't be read; check --config and the file's permissions"}};
  }
  return parse_configuration(text.str(), file);
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
