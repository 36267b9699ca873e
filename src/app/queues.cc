#include "app/queues.h"

#include "adapters/amqp/amqp_queue.h"
#include "adapters/in_process_queue/in_process_queue.h"
#include "app/files.h"
#include "transport/tls_context.h"

namespace herald::app {

// Whoever writes a file by hand ends it with a newline.
Result<std::string> broker_password(const Configuration& configuration) {
  const std::string& file = configuration.broker_password_file;
  auto text = read_file(file);
  if (!text) return text;
  text->resize(std::min(text->find_first_of("\r\n"), text->size()));
  if (text->empty()) return fail(ErrorKind::kInvalid, file + " is empty");
  return text;
}

std::expected<std::unique_ptr<ports::MessageQueue>, Failure> open_queue(const Configuration& configuration,
                                                                        const Clock& clock, RandomSource& random,
                                                                        Log& log, Metrics& metrics) {
  if (configuration.queue == QueueKind::kInProcess) {
    return std::make_unique<adapters::InProcessQueue>(configuration.limits.queue_max_messages);
  }
  adapters::AmqpConfig config{.brokers = configuration.brokers,
                              .user = configuration.broker_user,
                              .password = {},
                              .ca_file = configuration.broker_ca_file,
                              .name = "herald-" + configuration.server_id,
                              .limits = configuration.limits};
  if (!configuration.broker_password_file.empty()) {
    auto password = broker_password(configuration);
    if (!password)
      return std::unexpected(Failure{ExitCode::kUsage, "broker_password_file: " + password.error().message});
    config.password = std::move(*password);
  }
  if (!configuration.broker_ca_file.empty()) {
    const auto usable = transport::check_authorities(configuration.broker_ca_file);
    if (!usable) return std::unexpected(Failure{ExitCode::kUsage, "broker_ca_file: " + usable.error().message});
  }
  return std::make_unique<adapters::AmqpQueue>(std::move(config), clock, random, log, metrics);
}

}  // namespace herald::app
