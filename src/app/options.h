#pragma once
// The options of options.def and base/limits.def as a table, for everything that goes over all of them: parsing, help,
// the reference.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/configuration.h"
#include "base/result.h"

namespace herald::app {

enum class ValueKind : std::uint8_t { kText, kNumber, kList };

struct Option {
  std::string path;  // in TOML: "tls.key"
  ValueKind kind = ValueKind::kText;
  std::string form;  // "ADDR:PORT"
  std::string standard;
  std::string example;
  std::string doc;
  bool is_limit = false;
  bool is_secret = false;  // its value is not to be shown
  // kInvalid: what a right value looks like.
  std::function<Status(Configuration&, const std::vector<std::string>&)> set;

  [[nodiscard]] std::string flag() const;  // "--tls-key"
  // The flag as CLI11 takes it: that of a list may also be given in the singular, --broker for --brokers.
  [[nodiscard]] std::string flags() const;
  [[nodiscard]] std::string variable() const;  // "HERALD_TLS_KEY"
  // A text of flag, environment or default as this option's values.
  [[nodiscard]] std::vector<std::string> split(std::string_view text) const;
};

// All of them: options.def in its order, then limits.def in its order. Immutable; any thread.
[[nodiscard]] const std::vector<Option>& options();

// Null: no option has that path.
[[nodiscard]] const Option* find_option(std::string_view path);

}  // namespace herald::app
