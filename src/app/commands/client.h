#pragma once
// HTTP for commands: one request at a time, on a loop of the command's own thread.

#include <string>
#include <utility>
#include <vector>

#include "app/commands/commands.h"
#include "base/result.h"
#include "base/time.h"
#include "transport/client.h"
#include "transport/event_loop.h"

namespace herald::app {

class Client {
 public:
  explicit Client(const TrustOptions& trust);

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // kInvalid: `url` is none; kUnavailable: no connection or no answer in time.
  [[nodiscard]] Result<transport::ClientResponse> fetch(std::string method, const std::string& url,
                                                        Headers headers = {}, std::string body = {});

  [[nodiscard]] transport::EventLoop& loop() { return loop_; }
  [[nodiscard]] const transport::ClientOptions& options() const { return options_; }

 private:
  SystemClock clock_;
  transport::EventLoop loop_;
  transport::ClientOptions options_;
};

// Why a server refused: the reason or error of its JSON body, else the text, else the status alone.
[[nodiscard]] std::string refusal_reason(const transport::ClientResponse& response);

// What to do about an error of a connection to a server: begins with "; ", or is empty.
[[nodiscard]] std::string advice_on(const Error& error);

// Why fetch() failed and what to do, with the exit code: a bad URL is a mistake of the command line.
[[nodiscard]] Failure failure_of(const Error& error);

// A server's address as given by a person, without slashes at the end.
[[nodiscard]] std::string base_url(std::string url);

}  // namespace herald::app
