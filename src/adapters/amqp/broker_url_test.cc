#include "adapters/amqp/broker_url.h"

#include <gtest/gtest.h>

namespace herald::adapters {
namespace {

std::string parsed(std::string_view text) {
  const auto url = parse_broker_url(text);
  return url ? url->to_string() : std::string(to_string(url.error().kind));
}

TEST(BrokerUrl, HostAndPort) {
  EXPECT_EQ(parsed("amqp://broker.example.com:5673"), "amqp://broker.example.com:5673");
  EXPECT_EQ(parsed("amqp://127.0.0.1:1/"), "amqp://127.0.0.1:1");
  EXPECT_EQ(parsed("amqps://[::1]:65535"), "amqps://[::1]:65535");
}

TEST(BrokerUrl, PortsLeftOut) {
  EXPECT_EQ(parsed("amqp://broker"), "amqp://broker:5672");
  EXPECT_EQ(parsed("amqps://broker"), "amqps://broker:5671");
  EXPECT_EQ(parsed("amqp://[fd00::7]"), "amqp://[fd00::7]:5672");
}

TEST(BrokerUrl, RefusesWhatIsNoBroker) {
  for (const char* text : {"", "broker:5672", "tcp://broker:61616", "amqp://", "amqp://:5672", "amqp://broker:0",
                           "amqp://broker:65536", "amqp://broker:x", "amqp://broker:", "amqp://broker/queue",
                           "amqp://broker:5672?a=b", "amqp://user:secret@broker", "amqp://a b", "AMQP://broker"}) {
    EXPECT_EQ(parsed(text), "invalid") << text;
  }
}

}  // namespace
}  // namespace herald::adapters
