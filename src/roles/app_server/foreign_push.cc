#include "roles/app_server/foreign_push.h"

#include <algorithm>
#include <array>
#include <utility>

namespace herald::roles::app_server {

namespace {

// RFC 6890 and its successors in IANA's registries: everything that is not globally reachable.
constexpr std::array kPrivateNetworks = {
    "0.0.0.0/8",    "10.0.0.0/8",    "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",  "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24",  "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4",  "240.0.0.0/4",   "::/128",         "::1/128",       "64:ff9b::/96",    "100::/64",
    "2001::/23",    "2001:db8::/32", "2002::/16",      "fc00::/7",      "fe80::/10",       "ff00::/8"};

std::vector<transport::Network> private_networks() {
  std::vector<transport::Network> networks;
  for (const char* text : kPrivateNetworks) networks.push_back(*transport::Network::parse(text));
  return networks;
}

const char* name_of(Urgency urgency) {
  return urgency == Urgency::kHigh ? "high" : "low";
}

}  // namespace

bool is_private_address(const transport::IpAddress& ip) {
  static const std::vector<transport::Network> networks = private_networks();
  return std::ranges::any_of(networks, [&ip](const transport::Network& network) { return network.contains(ip); });
}

ForeignVerdict verdict_of(int status) {
  // 413 is about this message only.
  if (status == 200 || status == 201 || status == 413) return ForeignVerdict::kDelivered;
  if (status == 429 || status >= 500) return ForeignVerdict::kTryLater;
  return ForeignVerdict::kRejected;
}

bool ForeignPush::allows(const transport::Url& url) const {
  return (url.scheme == "https" || url.scheme == "http") &&
         std::ranges::find(config_.allowed_hosts, url.host) != config_.allowed_hosts.end();
}

void ForeignPush::push(const transport::Url& url, Urgency urgency, std::string body, Reply<ForeignVerdict> reply) {
  if (!allows(url)) return std::move(reply)(ForeignVerdict::kRejected);
  if (open_.fetch_add(1) >= config_.open_max) {
    --open_;
    return std::move(reply)(ForeignVerdict::kTryLater);
  }
  auto answer = std::make_shared<Reply<ForeignVerdict>>(std::move(reply));
  loop_.post([this, url, urgency, body = std::move(body), answer = std::move(answer)]() mutable {
    send(url, urgency, std::move(body), std::move(answer));
  });
}

void ForeignPush::send(const transport::Url& url, Urgency urgency, std::string body, Answer answer) {
  auto addresses = config_.resolve(url.host, url.port);
  if (!addresses) return finish(answer, ForeignVerdict::kTryLater);
  const bool has_private = std::ranges::any_of(
      *addresses, [](const transport::SocketAddress& address) { return is_private_address(address.ip); });
  if (has_private && !config_.allow_private) return finish(answer, ForeignVerdict::kRejected);
  transport::ClientOptions options;
  options.timeout = config_.timeout;
  options.addresses = std::move(*addresses);
  // The body is not encrypted, and called so all the same, as gateways do: endpoints want an encoding.
  std::vector<std::pair<std::string, std::string>> headers{
      {"TTL", "86400"}, {"Content-Encoding", "aes128gcm"}, {"Urgency", name_of(urgency)}};
  transport::http_request(loop_, "POST", url, std::move(headers), std::move(body), options,
                          [this, answer](const Result<transport::ClientResponse>& response) {
                            finish(answer, response ? verdict_of(response->status) : ForeignVerdict::kTryLater);
                          });
}

void ForeignPush::finish(const Answer& answer, ForeignVerdict verdict) {
  --open_;
  std::move (*answer)(verdict);
}

}  // namespace herald::roles::app_server
