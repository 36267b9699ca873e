#include "app/broadcasts.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "app/files.h"
#include "base/encoding.h"
#include "base/json_string.h"
#include "protocol/json.h"
#include "roles/app_server/notify_path.h"

namespace herald::app {

using transport::HttpResponse;
using transport::text_response;

namespace {

constexpr std::string_view kPath = "/broadcasts";

bool is_label(std::string_view text, std::size_t bytes_max) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !text.empty() && text.size() <= bytes_max && is_valid_utf8(text) &&
         std::find_if(text.begin(), text.end(), is_control) == text.end();
}

HttpResponse method_not_allowed(const char* allowed) {
  HttpResponse response = text_response(405, "Only " + std::string(allowed) + "\n");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace

Status Broadcasts::load() {
  if (file_.empty() || ::access(file_.c_str(), F_OK) != 0) return {};
  const auto text = read_file(file_);
  if (!text) return std::unexpected(text.error());
  const auto document = protocol::JsonDocument::parse(*text, 2);
  if (!document || !document->root().is_object()) return fail(ErrorKind::kCorrupt, file_ + " is damaged");
  for (const auto& [id, value] : document->root().members()) {
    const auto version = value.string();
    if (!version) return fail(ErrorKind::kCorrupt, file_ + " is damaged");
    versions_.emplace(id, *version);
  }
  for (const auto& [id, version] : versions_) tell_(id, version);
  return {};
}

void Broadcasts::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  auto response = answer(request);
  response.headers.emplace_back("Cache-Control", "no-store");
  responder.send(std::move(response));
}

HttpResponse Broadcasts::answer(const transport::HttpRequest& request) {
  const std::string_view rest = request.path.substr(kPath.size());
  if (rest.empty() || rest == "/") {
    return request.method == "GET" ? transport::json_response(200, as_json()) : method_not_allowed("GET");
  }
  const auto id = roles::app_server::percent_decode(rest.substr(1));
  if (!id || !is_label(*id, kBroadcastIdMaxBytes)) return text_response(400, "Not a broadcast id\n");
  if (request.method == "PUT") return put(*id, request.body);
  if (request.method == "DELETE") return remove(*id);
  if (request.method != "GET") return method_not_allowed("GET, PUT, DELETE");
  const auto found = versions_.find(*id);
  return found == versions_.end() ? text_response(404, "Broadcast not found\n") : text_response(200, found->second);
}

HttpResponse Broadcasts::put(const std::string& id, std::string_view version) {
  if (!is_label(version, kBroadcastVersionMaxBytes)) return text_response(400, "Not a version\n");
  const auto found = versions_.find(id);
  if (found == versions_.end() && versions_.size() >= kBroadcastsMax) {
    return text_response(409, "Too many broadcasts\n");
  }
  std::optional<std::string> before;
  if (found != versions_.end()) before = found->second;
  versions_[id] = version;
  return commit(id, std::move(before));
}

HttpResponse Broadcasts::remove(const std::string& id) {
  const auto found = versions_.find(id);
  if (found == versions_.end()) return text_response(404, "Broadcast not found\n");
  std::optional<std::string> before = std::move(found->second);
  versions_.erase(found);
  return commit(id, std::move(before));
}

HttpResponse Broadcasts::commit(const std::string& id, std::optional<std::string> before) {
  if (const Status saved = save(); !saved) {
    log_.error("broadcast not saved", {{"reason", std::string_view(saved.error().message)}});
    versions_.erase(id);
    if (before) versions_.emplace(id, *std::move(before));
    return text_response(503, "Try again later\n");
  }
  const auto now = versions_.find(id);
  tell_(id, now == versions_.end() ? std::nullopt : std::optional(now->second));
  return {204, {}, {}, false};
}

std::string Broadcasts::as_json() const {
  std::string out = "{";
  for (const auto& [id, version] : versions_) {
    if (out.size() > 1) out += ',';
    append_json_string(out, id);
    out += ':';
    append_json_string(out, version);
  }
  return out + "}";
}

Status Broadcasts::save() const {
  if (file_.empty()) return {};
  const std::string next = file_ + ".new";
  ::unlink(next.c_str());
  if (Status written = write_new_file(next, as_json(), 0600); !written) return written;
  if (std::rename(next.c_str(), file_.c_str()) == 0) return {};
  return fail(ErrorKind::kUnavailable, file_ + " can't be replaced");
}

}  // namespace herald::app
