#pragma once
// What `herald serve` runs with: one value per option, and where each came from. Flag over environment over TOML over
// default.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/amqp/broker_url.h"
#include "app/roles.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "transport/address.h"
#include "transport/tls_context.h"

namespace herald::app {

enum class LogFormat : std::uint8_t { kText, kJson };
enum class StoreKind : std::uint8_t { kRocksDb, kMongodb, kMemory };

// A text that may hold a password: no command shows it.
struct SecretText {
  std::string value;
};
enum class LoopDescriptors : std::uint8_t { kShared, kOwn };
enum class QueueKind : std::uint8_t { kInProcess, kAmqp };
enum class SenderRules : std::uint8_t { kStrict, kLenient };
enum class MissingData : std::uint8_t { kRefuse, kAccept };
enum class PrivateHosts : std::uint8_t { kRefuse, kAllow };

// The members that options.def declares, and the limits.
struct Configuration {
#define HERALD_OPTION(type, member, path, form, standard, example, doc) type member{};
#include "app/options.def"
#undef HERALD_OPTION
  Limits limits;

  [[nodiscard]] bool tls() const { return !tls_certificate.empty(); }
};

// What one source says about one option.
struct Setting {
  std::vector<std::string> texts;  // one element unless the option is a list
  std::string origin;              // "flag --listen", "environment HERALD_LISTEN", "herald.toml:3", "default"
};

// By TOML path.
using Settings = std::map<std::string, Setting, std::less<>>;

struct Resolved {
  Configuration configuration;
  Settings effective;                 // every option, with the source that won
  std::vector<std::string> errors;    // each one line: the origin, then what is wrong; empty: `configuration` is valid
  std::vector<std::string> warnings;  // each one line; load_configuration() adds them
};

// `toml` has had its own errors reported already.
[[nodiscard]] Resolved resolve(const Settings& flags, const Settings& environment, const Settings& toml);

// The environment variables of all options that are set. `get` is getenv or a test's substitute.
[[nodiscard]] Settings environment_settings(const std::function<const char*(const char*)>& get);

// One line for each variable of `environment` (NAME=VALUE texts, a null pointer behind the last) whose name begins with
// HERALD_ and that no option has. Left out are those that Kubernetes makes for a service called herald, such as
// HERALD_PORT_8080_TCP (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
[[nodiscard]] std::vector<std::string> unknown_variables(const char* const* environment);

// Splits at commas and trims spaces; no empty elements.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

}  // namespace herald::app
