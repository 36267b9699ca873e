#include "simulation/system/senders.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "protocol/user_agent/flow2012/frame.h"

namespace herald::simulation::system {

namespace {

std::string_view header(const transport::HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

// A whole number of a JSON object that has it once.
std::uint64_t number_of(std::string_view json, std::string_view name) {
  const auto at = json.find(fmt::format("\"{}\":", name));
  if (at == std::string_view::npos) return 0;
  const auto text = json.substr(at + name.size() + 3);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Senders::Senders(Site& site, std::vector<std::string> apps, Ask ask)
    : site_(site), apps_(std::move(apps)), ask_(std::move(ask)) {}

void Senders::ask(HttpAsk what, HttpAnswered then) {
  ++unanswered_;
  ask_(std::move(what), [this, then = std::move(then)](std::optional<transport::HttpResponse> response) mutable {
    --unanswered_;
    then(std::move(response));
  });
}

void Senders::act() {
  Choices& choices = site_.ground.choices();
  const auto kind = choices.below(10);
  if (kind >= 8) return ask_receipt();
  if (kind == 7) return cancel();
  const std::string& app = choices.one_of(apps_);
  const bool replaces = choices.chance(300);
  const std::string key = replaces ? fmt::format("k{}", choices.below(2)) : std::string();
  const std::uint32_t ttl_s = choices.chance(150) ? 1 + choices.below(3) : 0;
  post_2012(app, key, ttl_s);
}

void Senders::post_2012(const std::string& app, const std::string& key, std::uint32_t ttl_s) {
  const AppId id = protocol::flow2012::app_id(app, "");
  const std::uint64_t number = site_.model.begin_post(id);
  HttpAsk what{.method = "POST", .target = "/notify/" + id.hex(), .headers = {}, .body = {}};
  what.body = fmt::format(R"({{"message":"m{}")", number);
  if (!key.empty()) what.body += fmt::format(R"(,"id":"{}")", key);
  if (ttl_s != 0) what.body += fmt::format(R"(,"ttl":{})", ttl_s);
  what.body += "}";
  site_.ground.trace().event("post m{} to {} {} {}", number, app, key, ttl_s);
  ask(std::move(what), [this, number](const auto& response) { posted(number, response); });
}

void Senders::posted(std::uint64_t number, const std::optional<transport::HttpResponse>& response) {
  site_.ground.trace().event("m{} is answered {}", number, response ? response->status : 0);
  if (!response || response->status / 100 != 2) return;
  site_.model.accepted(number);
  const auto location = header(*response, "Location");
  const auto slash = location.rfind('/');
  if (slash == std::string_view::npos) return;
  const auto id = MessageId::from_hex(location.substr(slash + 1));
  if (!id) return;
  site_.model.told_id(number, *id);
  accepted_.push_back(*id);
}

const MessageId* Senders::accepted_one() {
  if (accepted_.empty()) return nullptr;
  return &accepted_[accepted_.size() - 1 - site_.ground.choices().below(static_cast<std::uint32_t>(accepted_.size()))];
}

std::string Senders::url_of(const MessageId& id) const {
  return "/notify/" + site_.model.find(id)->app.hex() + "/messages/" + id.hex();
}

void Senders::ask_receipt() {
  const MessageId* id = accepted_one();
  if (id == nullptr) return;
  const Step asked = site_.ground.step();
  ask({.method = "GET", .target = url_of(*id), .headers = {}, .body = {}},
      [this, id = *id, asked](const auto& response) {
        if (!response || response->status != 200) return;
        const std::string& body = response->body;
        const bool open = body.find(R"("state":"pending","priority")") != std::string::npos;
        const bool expired = body.find(R"("state":"expired","priority")") != std::string::npos;
        // What has expired by one machine's clock may be open by another's.
        site_.model.receipt(id, {asked, site_.ground.step(), number_of(body, "acked"), !open && !expired});
      });
}

void Senders::cancel() {
  const MessageId* id = accepted_one();
  if (id == nullptr) return;
  site_.model.cancel_asked(*id);
  site_.ground.trace().event("cancel m{}", site_.model.find(*id)->post);
  ask({.method = "DELETE", .target = url_of(*id), .headers = {}, .body = {}}, [this, id = *id](const auto& response) {
    if (response && response->status == 200 && response->body.find(R"("state":"cancelled")") != std::string::npos) {
      site_.model.cancelled(id);
    }
  });
}

}  // namespace herald::simulation::system
