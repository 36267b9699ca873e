#include "app/commands/sleeping_device.h"

#include "app/commands/awake_device.h"
#include "base/json_string.h"
#include "protocol/json.h"

namespace herald::app {

SleepingDevice::SleepingDevice(Client& client, std::string server, DeviceSession& session, ListenOutput& output,
                               bool acks)
    : client_(client), server_(std::move(server)), session_(session), output_(output), acks_(acks) {}

std::optional<Failure> SleepingDevice::run() {
  if (auto failed = AwakeDevice(client_, server_, session_, output_).register_once()) return failed;
  while (!output_.enough()) {
    if (woken_) {
      woken_ = false;
      if (auto failed = pull_all()) return failed;
    } else {
      client_.loop().run_once(std::chrono::milliseconds(1'000));
    }
  }
  return std::nullopt;
}

// Each pull acks what the one before brought, until nothing is left.
std::optional<Failure> SleepingDevice::pull_all() {
  std::vector<std::string> acks;
  for (;;) {
    auto page = pull(acks);
    if (!page && page.error().kind == ErrorKind::kUnavailable) {
      output_.note(page.error().message + "; waiting for the next ping");
      return std::nullopt;
    }
    if (!page) return Failure{ExitCode::kFailed, page.error().message};
    acks.clear();
    for (const auto& notification : *page) {
      if (output_.enough()) break;
      acks.push_back(notification.message_id);
      if (session_.is_new(notification.message_id)) output_.arrived(notification);
    }
    if (acks.empty() || !acks_) return std::nullopt;
  }
}

Result<std::vector<Arrived>> SleepingDevice::pull(const std::vector<std::string>& acks) {
  std::string body = "{\"ack\":[";
  for (const auto& id : acks) {
    if (body.back() != '[') body += ',';
    append_json_string(body, id);
  }
  const auto response = client_.fetch(
      "POST", server_ + "/pull" + (nonce_.empty() ? "" : "?ping=" + nonce_),
      {{"Authorization", "Bearer " + session_.identity().uatoken}, {"Content-Type", "application/json"}}, body + "]}");
  if (!response) return std::unexpected(response.error());
  if (response->status == 200) return parse_deliveries(response->body);
  return fail(response->status >= 500 ? ErrorKind::kUnavailable : ErrorKind::kInvalid,
              "the server refused the pull: " + refusal_reason(*response));
}

}  // namespace herald::app
