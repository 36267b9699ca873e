#include "app/operations_guard.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "transport/address.h"

namespace herald::app {

namespace {

constexpr std::string_view kScheme = "bearer ";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "[::1]:9090" gives "::1", "localhost:9090" gives "localhost".
std::string_view name_in(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

bool answers_to(std::string_view host, const std::vector<std::string>& hosts) {
  std::string name = lower(name_in(host));
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return false;
  if (transport::IpAddress::parse(name)) return true;
  // Nobody can register a name without a dot, or one below localhost (RFC 6761 §6.3).
  if (name.find('.') == std::string::npos || name.ends_with(".localhost")) return true;
  return std::ranges::find(hosts, name) != hosts.end();
}

OperationsGuard::OperationsGuard(OperationsDoor door, transport::HttpHandler& behind, Log& log)
    : door_(std::move(door)), secret_(sha256(as_bytes(door_.secret))), behind_(behind), log_(log) {}

void OperationsGuard::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  // HTTP/1.0 may leave it out; browsers do not.
  const auto host = request.header("Host");
  if (host && !answers_to(*host, door_.hosts)) {
    log_.warning("operations request refused, its Host is not a name of this server",
                 {{"host", *host}, {"advice", "if it is one, add it to operations.hosts"}});
    return responder.send(transport::text_response(
        421, "This server has no such name for its operator. If it should, add it to operations.hosts.\n"));
  }
  if (request.method != "GET" && request.method != "HEAD" && !is_operator(request)) return responder.send(refusal());
  behind_.on_request(request, std::move(responder));
}

// The digests have one length whatever was sent.
bool OperationsGuard::is_operator(const transport::HttpRequest& request) const {
  const auto authorization = request.header("Authorization");
  if (door_.secret.empty() || !authorization) return false;
  if (lower(authorization->substr(0, kScheme.size())) != kScheme) return false;
  return constant_time_equal(sha256(as_bytes(authorization->substr(kScheme.size()))), secret_);
}

transport::HttpResponse OperationsGuard::refusal() const {
  if (door_.secret.empty()) {
    return transport::text_response(403,
                                    "Changes need a secret, and this server has none: set operations.secret_file.\n");
  }
  auto response =
      transport::text_response(401, "Changes need the header 'Authorization: Bearer <secret>', with the secret from " +
                                        door_.secret_file + ", or the Unix socket of operations.socket.\n");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"herald operations\"");
  return response;
}

}  // namespace herald::app
