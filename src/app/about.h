#pragma once
// Small pages that say what this server is: /about and /status.

#include <string>

#include "app/services.h"
#include "transport/http.h"

namespace herald::app {

// {"name","version","roles","server","protocols","uptime_s"}
[[nodiscard]] std::string about_json(const Configuration& configuration, std::chrono::seconds uptime);

// Answers GET and HEAD with what `make` gives; anything else with 405.
class PageEndpoint final : public transport::HttpHandler {
 public:
  explicit PageEndpoint(std::function<transport::HttpResponse()> make) : make_(std::move(make)) {}
  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  std::function<transport::HttpResponse()> make_;
};

// `services` must outlive what these make.
[[nodiscard]] std::function<transport::HttpResponse()> about_page(const Services& services);
[[nodiscard]] std::function<transport::HttpResponse()> status_page(const Services& services);

}  // namespace herald::app
