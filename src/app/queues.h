#pragma once
// The queue port of the configured adapter.

#include <expected>
#include <memory>

#include "app/configuration.h"
#include "app/exit_code.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/time.h"
#include "ports/message_queue.h"

namespace herald::app {

// The first line of broker_password_file. kNotFound, kUnavailable, kInvalid: the file can't be read, or is empty.
[[nodiscard]] Result<std::string> broker_password(const Configuration& configuration);

// References must outlive the queue. A broker that is away is no failure; a password file that can't be read is kUsage.
[[nodiscard]] std::expected<std::unique_ptr<ports::MessageQueue>, Failure> open_queue(
    const Configuration& configuration, const Clock& clock, RandomSource& random, Log& log, Metrics& metrics);

}  // namespace herald::app
