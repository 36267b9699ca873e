#include "app/about.h"

#include "app/version.h"
#include "base/json_string.h"

namespace herald::app {

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string role_names(const RoleSet& roles) {
  std::string out;
  for (const Role role : kAllRoles) {
    if (roles.has(role)) out.append(out.empty() ? "" : ",").append(quoted(to_string(role)));
  }
  return "[" + out + "]";
}

}  // namespace

std::string about_json(const Configuration& configuration, std::chrono::seconds uptime) {
  return "{\"name\":\"herald\",\"version\":" + quoted(version()) + ",\"roles\":" + role_names(configuration.roles) +
         ",\"server\":" + quoted(configuration.server_id) + ",\"udp_server\":" + quoted(configuration.udp_server_id) +
         ",\"protocols\":[\"push-notification\"],\"uptime_s\":" + std::to_string(uptime.count()) + "}\n";
}

void PageEndpoint::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.path != path_) return responder.send(transport::text_response(404, "Nothing is here\n"));
  if (request.method == "GET" || request.method == "HEAD") return responder.send(make_());
  auto refused = transport::text_response(405, "Only GET and HEAD here\n");
  refused.headers.emplace_back("Allow", "GET, HEAD");
  responder.send(std::move(refused));
}

std::function<transport::HttpResponse()> about_page(const Services& services) {
  return [&services, started = services.clock.mono()] {
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(services.clock.mono() - started);
    return transport::json_response(200, about_json(services.configuration, uptime));
  };
}

std::function<transport::HttpResponse()> status_page(const Services& services) {
  return [&services] {
    auto report = services.health.report();
    return transport::json_response(report.http_status, std::move(report.json));
  };
}

}  // namespace herald::app
