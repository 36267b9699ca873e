#pragma once
// An app: what senders address. Several user agents may share one.

#include <string>

#include "domain/ids.h"
#include "domain/message.h"

namespace herald {

struct App {
  AppId id;
  PayloadKind kind = PayloadKind::kFlow2012;
  std::string public_key_pem;  // empty: notifications need no signature
};

}  // namespace herald
