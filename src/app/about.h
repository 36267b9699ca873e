#pragma once
// Small pages that say what this server is: /about and /status.

#include <string>

#include "app/services.h"
#include "transport/http.h"

namespace herald::app {

// {"name","version","roles","server","protocols","uptime_s"}
[[nodiscard]] std::string about_json(const Configuration& configuration, std::chrono::seconds uptime);

// Answers GET and HEAD of exactly `path` with what `make` gives: other methods get 405, paths below it 404, so that a
// mistyped health check is not green.
class PageEndpoint final : public transport::HttpHandler {
 public:
  PageEndpoint(std::string path, std::function<transport::HttpResponse()> make)
      : path_(std::move(path)), make_(std::move(make)) {}
  [[nodiscard]] const std::string& path() const { return path_; }
  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  const std::string path_;
  std::function<transport::HttpResponse()> make_;
};

// `services` must outlive what these make.
[[nodiscard]] std::function<transport::HttpResponse()> about_page(const Services& services);
[[nodiscard]] std::function<transport::HttpResponse()> status_page(const Services& services);

}  // namespace herald::app
