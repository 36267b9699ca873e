#include "app/commands/listen_output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "base/json_string.h"
#include "protocol/json.h"

namespace herald::app {

void ListenOutput::registered(const std::string& url, bool signed_only) {
  if (url == url_) return;
  url_ = url;
  if (json_) {
    std::string line = "{\"url\":";
    append_json_string(line, url);
    out_ << line << "}\n" << std::flush;
    return;
  }
  out_ << "This terminal is a device now. Its notify URL:\n\n  " << terminal_.bold(url) << "\n\nSend it something:\n\n";
  if (signed_only) {
    out_ << "  herald send " << url << " 'Hello' --sign PRIVATE.pem\n";
  } else {
    out_ << "  herald send " << url << " 'Hello'\n  curl -d '{\"message\":\"Hello\"}' " << url << "\n";
  }
  out_ << '\n' << std::flush;
}

void ListenOutput::subscribed(const std::string& subscription) {
  if (subscription == url_) return;
  url_ = subscription;
  if (json_) {
    out_ << subscription << '\n' << std::flush;
    return;
  }
  out_
      << "This terminal is a Web Push user agent now. Its subscription:\n\n  " << terminal_.bold(subscription)
      << "\n\nKeep that line in a file, and send it something:\n\n  herald send --webpush subscription.json 'Hello'\n\n"
      << std::flush;
}

void ListenOutput::arrived(const Arrived& notification) {
  if (enough()) return;
  ++shown_;
  if (json_) {
    out_ << notification.json << '\n' << std::flush;
    return;
  }
  const std::time_t now = clock_.wall().ms / 1000;
  std::tm local{};
  ::localtime_r(&now, &local);
  std::string details;
  if (!notification.sender_id.empty()) details += "  id " + printable(notification.sender_id);
  if (!notification.priority.empty()) details += "  priority " + printable(notification.priority);
  out_ << terminal_.dim(fmt::format("{:%H:%M:%S}", local)) << "  " << printable(notification.message)
       << terminal_.dim(details) << '\n'
       << std::flush;
}

void ListenOutput::note(const std::string& text) {
  notes_ << "herald: " << text << '\n' << std::flush;
}

}  // namespace herald::app
