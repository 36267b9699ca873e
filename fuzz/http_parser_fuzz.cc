// However request bytes are cut into pieces, the parser must find the same requests in them.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "transport/http_parser.h"

namespace {

using herald::transport::HttpParser;

std::string describe(HttpParser& parser) {
  const auto& request = parser.request();
  std::string out;
  for (const auto part : {request.method, request.target, request.path, request.query, request.body}) {
    out.append(part).push_back('\n');
  }
  for (const auto& [name, value] : request.headers) out.append(name).append(": ").append(value).push_back('\n');
  return out;
}

// All requests in `bytes`, fed in pieces of at most `step`, and how it ended. Bytes that break two rules may be refused
// for either.
std::string read_all(const std::string& bytes, std::size_t step) {
  HttpParser parser(512, 256);
  std::string found;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::string piece = bytes.substr(at, step);
    const auto progress = parser.feed(piece);
    HERALD_CHECK(progress.consumed <= piece.size(), "the parser took more than it was given");
    at += progress.consumed;
    if (progress.state == HttpParser::State::kFailed) return found + "refused";
    if (progress.state == HttpParser::State::kComplete) {
      found += describe(parser);
      parser.reset();
    }
  }
  return found + "end";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = read_all(bytes, bytes.size() + 1);
  HERALD_CHECK(read_all(bytes, 1) == whole, "bytes one by one mean something else");
  HERALD_CHECK(read_all(bytes, 5) == whole, "bytes in fives mean something else");
  return 0;
}
