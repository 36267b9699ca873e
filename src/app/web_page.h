#pragma once
// The pages of web/ on the public listener: exact paths, content types, ETag, and a strict Content-Security-Policy.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/web_files.h"
#include "transport/http.h"

namespace herald::app {

// Serves each file at /<name>, and index.html at / too; what is no file goes to `otherwise`. One can serve all loops:
// immutable after construction.
class WebPage final : public transport::HttpHandler {
 public:
  WebPage(const std::vector<WebFile>& files, transport::HttpHandler& otherwise);

  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  struct Entry {
    std::string_view content;
    std::string type;
    std::string etag;
  };
  [[nodiscard]] static transport::HttpResponse answer(const Entry& entry, const transport::HttpRequest& request);

  std::map<std::string, Entry, std::less<>> entries_;  // by path
  transport::HttpHandler& otherwise_;
};

// "text/html; charset=utf-8" for "index.html"; application/octet-stream for an unknown ending.
[[nodiscard]] std::string_view content_type(std::string_view name);

}  // namespace herald::app
