#pragma once
// The door of the operations listener. A web page on the operator's machine reaches every port of that machine, and by
// DNS rebinding it reads the answers: its own name then leads here, but stays in the Host header. So only names that no
// page can have are answered, and a change asks for a secret besides.

#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/log.h"
#include "transport/http.h"

namespace herald::app {

struct OperationsDoor {
  std::vector<std::string> hosts;  // further names, in lower case
  std::string secret;              // empty: nobody may change anything
  std::string secret_file;         // where it stands, for the answer to who has not got it; empty: nowhere
};

// True if a Host header of this value is answered: an address, localhost, a name without a dot, or one of `hosts`; with
// or without a port.
[[nodiscard]] bool answers_to(std::string_view host, const std::vector<std::string>& hosts);

// On the operations loop's thread.
class OperationsGuard final : public transport::HttpHandler {
 public:
  // The references must outlive it.
  OperationsGuard(OperationsDoor door, transport::HttpHandler& behind, Log& log);

  // 421: not a name of this server. For anything but GET and HEAD: 403 if there is no secret, 401 without the right
  // "Authorization: Bearer" (RFC 6750 §2.1).
  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  [[nodiscard]] bool is_operator(const transport::HttpRequest& request) const;
  [[nodiscard]] transport::HttpResponse refusal() const;

  const OperationsDoor door_;
  const Sha256Digest secret_;
  transport::HttpHandler& behind_;
  Log& log_;
};

}  // namespace herald::app
