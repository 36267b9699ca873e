#include "app/file_checks.h"

#include <sys/stat.h>

#include "app/operations_secret.h"
#include "app/queues.h"
#include "app/stores.h"
#include "app/token_keys.h"
#include "transport/tls_context.h"

namespace herald::app {

namespace {

struct SecretFile {
  const char* option;
  std::string file;
};

std::vector<SecretFile> secret_files(const Configuration& configuration) {
  std::vector<SecretFile> files = {{"tls.key", configuration.tls_key},
                                   {"token_key_file", configuration.token_key_file},
                                   {"mongodb_uri_file", configuration.mongodb_uri_file},
                                   {"broker_password_file", configuration.broker_password_file},
                                   {"operations.secret_file", configuration.operations_secret_file}};
  if (configuration.store != StoreKind::kMemory) {
    files.push_back({"data", configuration.data + "/token.keys"});
    files.push_back({"data", configuration.data + "/operations.secret"});
  }
  return files;
}

std::string octal(mode_t mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3) digits += static_cast<char>('0' + (mode >> shift & 7U));
  return digits;
}

}  // namespace

std::optional<std::string> exposed_file(std::string_view option, const std::string& file) {
  struct stat status{};
  if (file.empty() || ::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if ((status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) == 0) return std::nullopt;
  return std::string(option) + ": " + file + " holds a secret, and others can read or write it (mode " +
         octal(status.st_mode & 07777U) + "); chmod 600 " + file;
}

std::vector<std::string> exposed_files(const Configuration& configuration) {
  std::vector<std::string> lines;
  for (const auto& [option, file] : secret_files(configuration)) {
    if (auto line = exposed_file(option, file)) lines.push_back(std::move(*line));
  }
  return lines;
}

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
  if (!configuration.operations_secret_file.empty()) {
    const auto secret = read_operations_secret(configuration.operations_secret_file);
    if (!secret) errors.push_back("operations.secret_file: " + secret.error().message);
  }
  if (configuration.store == StoreKind::kMongodb) {
    const auto uri = mongodb_uri(configuration);
    if (!uri) errors.push_back("mongodb_uri_file: " + uri.error().message);
  }
  if (configuration.queue == QueueKind::kAmqp && !configuration.broker_password_file.empty()) {
    const auto password = broker_password(configuration);
    if (!password) errors.push_back("broker_password_file: " + password.error().message);
  }
  if (configuration.queue == QueueKind::kAmqp && !configuration.broker_ca_file.empty()) {
    const auto usable = transport::check_authorities(configuration.broker_ca_file);
    if (!usable) errors.push_back("broker_ca_file: " + usable.error().message);
  }
  return errors;
}

}  // namespace herald::app
