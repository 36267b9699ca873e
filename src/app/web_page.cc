#include "app/web_page.h"

#include <utility>

#include "base/crypto.h"
#include "transport/entity_tag.h"

namespace herald::app {

namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self' ws: wss:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string etag_of(std::string_view content) {
  return "\"" + to_hex(sha256(as_bytes(content))).substr(0, 32) + "\"";
}

}  // namespace

std::string_view content_type(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {{".html", "text/html; charset=utf-8"},
                                                                      {".css", "text/css; charset=utf-8"},
                                                                      {".js", "text/javascript; charset=utf-8"},
                                                                      {".svg", "image/svg+xml"},
                                                                      {".png", "image/png"},
                                                                      {".ico", "image/x-icon"},
                                                                      {".json", "application/json"},
                                                                      {".txt", "text/plain; charset=utf-8"},
                                                                      {".webmanifest", "application/manifest+json"}};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

WebPage::WebPage(const std::vector<WebFile>& files, transport::HttpHandler& otherwise) : otherwise_(otherwise) {
  for (const auto& [name, content] : files) {
    const Entry entry{content, std::string(content_type(name)), etag_of(content)};
    entries_["/" + std::string(name)] = entry;
    if (name == "index.html") entries_["/"] = entry;
  }
}

void WebPage::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  const auto found = entries_.find(request.path);
  if (found == entries_.end() || request.method == "POST") {
    otherwise_.on_request(request, std::move(responder));
    return;
  }
  responder.send(answer(found->second, request));
}

transport::HttpResponse WebPage::answer(const Entry& entry, const transport::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = transport::text_response(405, "Only GET and HEAD here\n");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  const bool unchanged = transport::IfNoneMatch::of(request).matches(entry.etag);
  return {.status = unchanged ? 304 : 200,
          .headers = {{"Content-Type", entry.type},
                      {"ETag", entry.etag},
                      {"Cache-Control", "no-cache"},
                      {"Content-Security-Policy", kPolicy},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"}},
          .body = unchanged ? std::string() : std::string(entry.content)};
}

}  // namespace herald::app
