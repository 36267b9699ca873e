#include "app/configuration.h"

#include <algorithm>
#include <regex>

#include "app/nearest_name.h"
#include "app/options.h"
#include "app/public_url.h"
#include "base/limit_pairs.h"
#include "ports/message_queue.h"
#include "roles/app_server/foreign_push.h"
#include "transport/client.h"

namespace herald::app {

namespace {

using Errors = std::vector<std::string>;

const Setting* look_up(const Settings& settings, const std::string& path) {
  const auto found = settings.find(path);
  return found == settings.end() ? nullptr : &found->second;
}

Setting winner(const Option& option, const Settings& flags, const Settings& environment, const Settings& toml) {
  for (const Settings* source : {&flags, &environment, &toml}) {
    if (const Setting* setting = look_up(*source, option.path)) return *setting;
  }
  return {option.split(option.standard), "default"};
}

class Checks {
 public:
  Checks(const Resolved& resolved, Errors& errors) : resolved_(resolved), errors_(errors) {}

  void require(bool holds, std::string_view path, std::string_view what) {
    if (holds) return;
    errors_.push_back(resolved_.effective.find(path)->second.origin + ": " + std::string(path) + " " +
                      std::string(what));
  }

 private:
  const Resolved& resolved_;
  Errors& errors_;
};

bool is_name(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !text.empty() && text.size() <= 64 && text.find_first_not_of(kAllowed) == std::string_view::npos &&
         text != ports::kNewMessagesQueue && text != ports::kDeliveriesQueue;
}

void check_mongodb(const Configuration& c, Checks& checks) {
  const bool uri = !c.mongodb_uri.value.empty();
  const bool file = !c.mongodb_uri_file.empty();
  checks.require(!uri || !file, "mongodb_uri_file", "can't be given together with mongodb_uri");
  checks.require(c.store != StoreKind::kMongodb || uri || file, "store",
                 "= mongodb needs mongodb_uri or mongodb_uri_file");
  checks.require(
      !uri || c.mongodb_uri.value.starts_with("mongodb://") || c.mongodb_uri.value.starts_with("mongodb+srv://"),
      "mongodb_uri", "must start with mongodb:// or mongodb+srv://");
  // MongoDB holds documents of 16 MB.
  checks.require(c.store != StoreKind::kMongodb || c.limits.http_body_max_bytes <= 15'000'000,
                 "limits.http_body_max_bytes", "must be at most 15000000 with store = mongodb");
  checks.require(is_name(c.mongodb_database), "mongodb_database", "must be 1 to 64 letters, digits, - or _");
}

// Roles of several processes meet only in a store and on queues that all of them reach.
void check_roles(const Configuration& c, Checks& checks) {
  if (c.roles.complete()) return;
  checks.require(c.store == StoreKind::kMongodb, "roles",
                 "lack some that bring a message to a device; for other processes to have them, they must share the "
                 "store: set store = mongodb and mongodb_uri, or take all roles");
  checks.require(c.queue == QueueKind::kAmqp, "roles",
                 "lack some that bring a message to a device; for other processes to have them, they must share the "
                 "queues: set queue = amqp and brokers, or take all roles");
  checks.require(!c.roles.serve() || !c.token_key_file.empty(), "token_key_file",
                 "must name the same file for every process, since each reads what the others issue; herald keys "
                 "--type token makes one");
}

void check_together(const Resolved& resolved, Errors& errors) {
  const Configuration& c = resolved.configuration;
  Checks checks(resolved, errors);
  checks.require(!c.data.empty(), "data", "must name a folder");
  const auto url = c.public_url.empty() ? Result<std::string>() : normal_public_url(c.public_url);
  checks.require(url.has_value(), "public_url", url ? std::string_view() : std::string_view(url.error().message));
  constexpr std::string_view kName = "must be 1 to 64 letters, digits, - or _, and not the name of another queue";
  checks.require(is_name(c.server_id), "server_id", kName);
  checks.require(is_name(c.udp_server_id), "udp_server_id", kName);
  checks.require(c.server_id != c.udp_server_id, "udp_server_id", "must differ from server_id");
  for (const LimitConflict& conflict : limit_conflicts(c.limits)) {
    checks.require(false, "limits." + std::string(conflict.limit), conflict.message);
  }
  checks.require(c.tls_key.empty() || !c.tls_certificate.empty(), "tls.key", "needs tls.certificate too");
  checks.require(c.tls_certificate.empty() || !c.tls_key.empty(), "tls.certificate", "needs tls.key too");
  const bool amqp = c.queue == QueueKind::kAmqp;
  checks.require(!amqp || !c.brokers.empty(), "brokers", "must name at least one broker for queue = \"amqp\"");
  checks.require(c.broker_user.empty() || !c.broker_password_file.empty(), "broker_user",
                 "needs broker_password_file too");
  checks.require(c.broker_password_file.empty() || !c.broker_user.empty(), "broker_password_file",
                 "needs broker_user too");
  check_mongodb(c, checks);
  check_roles(c, checks);
  checks.require(c.loops <= 256, "loops", "must be at most 256");
}

// Strangers reach a listener unless its address is of this machine or of a private network.
bool is_for_strangers(const transport::SocketAddress& at) {
  const std::string ip = at.ip.to_string();
  return ip == "0.0.0.0" || ip == "::" || !roles::app_server::is_private_address(at.ip);
}

bool is_for_strangers(const std::string& public_url) {
  const auto url = transport::Url::parse(public_url);
  if (!url || url->host == "localhost") return false;
  const auto ip = transport::IpAddress::parse(url->host);
  return !ip || !roles::app_server::is_private_address(*ip);
}

// The default networks are those of a trusted neighbourhood: a stranger must not have datagrams sent into them.
void keep_pings_from_strangers(Resolved& resolved) {
  Configuration& c = resolved.configuration;
  Setting& setting = resolved.effective.at("ping_networks");
  if (setting.origin != "default") return;
  const auto open = std::ranges::find_if(c.listen, [](const auto& at) { return is_for_strangers(at); });
  if (open == c.listen.end() && !is_for_strangers(c.public_url)) return;
  const std::string where = open != c.listen.end() ? open->to_string() : c.public_url;
  c.ping_networks.clear();
  setting = {{}, "default where strangers may reach " + where};
}

}  // namespace

Resolved resolve(const Settings& flags, const Settings& environment, const Settings& toml) {
  Resolved resolved;
  for (const auto& option : options()) {
    Setting setting = winner(option, flags, environment, toml);
    if (const Status set = option.set(resolved.configuration, setting.texts); !set) {
      resolved.errors.push_back(setting.origin + ": " + option.path + ": " + set.error().message);
    }
    resolved.effective.emplace(option.path, std::move(setting));
  }
  if (resolved.errors.empty()) check_together(resolved, resolved.errors);
  if (resolved.errors.empty()) keep_pings_from_strangers(resolved);
  std::string& url = resolved.configuration.public_url;
  url = normal_public_url(url).value_or("");
  return resolved;
}

Settings environment_settings(const std::function<const char*(const char*)>& get) {
  Settings settings;
  for (const auto& option : options()) {
    const std::string variable = option.variable();
    const char* text = get(variable.c_str());
    if (text != nullptr) settings[option.path] = {option.split(text), "environment " + variable};
  }
  return settings;
}

std::vector<std::string> unknown_variables(const char* const* environment) {
  static const std::regex of_kubernetes(
      "HERALD_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)");
  std::vector<std::string> names = {"HERALD_CONFIG"};
  for (const auto& option : options()) names.push_back(option.variable());
  std::vector<std::string> lines;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    const std::string name(variable.substr(0, variable.find('=')));
    if (!name.starts_with("HERALD_") || std::ranges::find(names, name) != names.end() ||
        std::regex_match(name, of_kubernetes))
      continue;
    lines.push_back("environment " + name + " is not used, no option has that variable" + did_you_mean(name, names));
  }
  return lines;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
  }
  return out;
}

}  // namespace herald::app
