#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace herald::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class C>
C parsed(std::vector<std::string> arguments) {
  Command command = parse_command_line(std::move(arguments));
  if (const auto* words = std::get_if<PrintAndExit>(&command)) ADD_FAILURE() << words->error << words->output;
  return std::get<C>(command);
}

PrintAndExit words(std::vector<std::string> arguments) {
  return std::get<PrintAndExit>(parse_command_line(std::move(arguments)));
}

TEST(CommandLine, ServeWithoutFlagsSetsNothing) {
  const auto serve = parsed<ServeCommand>({"serve"});
  EXPECT_THAT(serve.flags, IsEmpty());
  EXPECT_EQ(serve.config, "");
}

TEST(CommandLine, ListsAreGivenByRepeatingOrByCommas) {
  const auto serve = parsed<ServeCommand>(
      {"serve", "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2", "--roles", "monitor,app_server"});
  EXPECT_THAT(serve.flags.at("listen").texts, ElementsAre("127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_EQ(serve.flags.at("listen").origin, "flag --listen");
  EXPECT_THAT(serve.flags.at("roles").texts, ElementsAre("monitor", "app_server"));
}

TEST(CommandLine, LimitsAreFlags) {
  const auto serve = parsed<ServeCommand>({"serve", "--limits-message-max-bytes", "8192", "--tls-key=k.pem"});
  EXPECT_THAT(serve.flags.at("limits.message_max_bytes").texts, ElementsAre("8192"));
  EXPECT_THAT(serve.flags.at("tls.key").texts, ElementsAre("k.pem"));
}

TEST(CommandLine, CheckConfigTakesTheFlagsOfServe) {
  const auto check = parsed<CheckConfigCommand>({"check-config", "--config", "h.toml", "--loops", "2"});
  EXPECT_EQ(check.config, "h.toml");
  EXPECT_THAT(check.flags.at("loops").texts, ElementsAre("2"));
  EXPECT_TRUE(parsed<CheckConfigCommand>({"check-config", "--reference"}).reference);
}

TEST(CommandLine, Send) {
  const auto send = parsed<SendCommand>({"send", "http://h/notify/a", "Hi there", "--ttl", "60", "--priority", "2"});
  EXPECT_EQ(send.url, "http://h/notify/a");
  EXPECT_EQ(send.message, "Hi there");
  EXPECT_EQ(send.ttl, 60U);
  EXPECT_EQ(send.priority, 2U);
  EXPECT_FALSE(send.json_message);
  EXPECT_TRUE(parsed<SendCommand>({"send", "u", "--delete", "--id", "x"}).take_back);
}

TEST(CommandLine, ListenStatusAndKeys) {
  const auto listen = parsed<ListenCommand>({"listen", "--udp", "--count", "3", "--no-ack"});
  EXPECT_TRUE(listen.udp);
  EXPECT_EQ(listen.count, 3U);
  EXPECT_TRUE(listen.no_ack);
  EXPECT_EQ(listen.server, "http://127.0.0.1:8080");
  EXPECT_EQ(parsed<StatusCommand>({"status", "u", "--id", "n1"}).id, "n1");
  EXPECT_EQ(parsed<KeysCommand>({"keys", "--out", "k", "--type", "ed25519"}).type, "ed25519");
}

TEST(CommandLine, MistakesAreUsageErrorsInOneLine) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{},
                                                                     {"dance"},
                                                                     {"serve", "--lisen", "x"},
                                                                     {"serve", "--listen"},
                                                                     {"serve", "extra"},
                                                                     {"send"},
                                                                     {"send", "u", "m", "--priority", "4"},
                                                                     {"send", "u", "m", "--ttl", "-1"},
                                                                     {"keys", "--out", "k", "--type", "dsa"}}) {
    const auto mistake = words(arguments);
    EXPECT_EQ(mistake.code, ExitCode::kUsage) << testing::PrintToString(arguments);
    EXPECT_TRUE(mistake.error.starts_with("herald: ")) << mistake.error;
    EXPECT_EQ(std::ranges::count(mistake.error, '\n'), 1) << mistake.error;
    EXPECT_EQ(mistake.output, "");
  }
}

TEST(CommandLine, HelpOfEachCommandTeachesWithAnExample) {
  for (const char* command : {"serve", "check-config", "listen", "send", "status", "keys"}) {
    const auto help = words({command, "--help"});
    EXPECT_EQ(help.code, ExitCode::kOk);
    EXPECT_THAT(help.output, HasSubstr(std::string("Example: herald ") + command));
  }
  EXPECT_THAT(words({"serve", "--help"}).output, HasSubstr("5  the data folder is in use by another herald"));
  EXPECT_THAT(words({"--help"}).output, HasSubstr("check-config"));
  EXPECT_TRUE(words({"--version"}).output.starts_with("herald "));
}

}  // namespace
}  // namespace herald::app
