#pragma once
// Private to the folder: what every use of OpenSSL needs.

#include <openssl/err.h>

#include <memory>

namespace herald {

template <auto Free>
struct OpensslDeleter {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
template <class T, auto Free>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter<Free>>;

// OpenSSL's error queue belongs to the thread, and a TLS connection on it would take our errors for its own.
class ErrorQueueGuard {
 public:
  ErrorQueueGuard() { ERR_set_mark(); }
  ~ErrorQueueGuard() { ERR_pop_to_mark(); }
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

}  // namespace herald
