#include "app/file_checks.h"

#include "app/stores.h"
#include "app/token_keys.h"
#include "transport/tls_context.h"

namespace herald::app {

std::vector<std::string> unusable_files(const Configuration& configuration) {
  std::vector<std::string> errors;
  if (configuration.tls()) {
    const auto loaded = transport::TlsContext::load(configuration.tls_certificate, configuration.tls_key);
    if (!loaded) errors.push_back("tls_certificate, tls_key: " + loaded.error().message);
  }
  if (!configuration.token_key_file.empty()) {
    const auto keys = read_token_keys(configuration.token_key_file);
    if (!keys) errors.push_back("token_key_file: " + keys.error().message);
  }
  if (configuration.store == StoreKind::kMongodb) {
    const auto uri = mongodb_uri(configuration);
    if (!uri) errors.push_back("mongodb_uri_file: " + uri.error().message);
  }
  if (configuration.queue == QueueKind::kAmqp && !configuration.broker_ca_file.empty()) {
    const auto usable = transport::check_authorities(configuration.broker_ca_file);
    if (!usable) errors.push_back("broker_ca_file: " + usable.error().message);
  }
  return errors;
}

}  // namespace herald::app
