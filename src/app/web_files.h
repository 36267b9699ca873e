#pragma once
// The files of web/, embedded at build time (embed_web.cmake).

#include <string_view>
#include <vector>

namespace herald::app {

struct WebFile {
  std::string_view name;  // "index.html"
  std::string_view content;
};

[[nodiscard]] std::vector<WebFile> web_files();

}  // namespace herald::app
