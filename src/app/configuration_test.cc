#include "app/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "app/configuration_file.h"
#include "app/options.h"

namespace herald::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Settings one(const std::string& path, std::vector<std::string> texts, const std::string& origin) {
  return {{path, {std::move(texts), origin}}};
}

std::vector<std::string> errors_of(const std::string& toml) {
  return parse_configuration(toml, "h.toml").errors;
}

TEST(Configuration, DefaultsNeedNoSourceAndAreValid) {
  const Resolved resolved = resolve({}, {}, {});
  EXPECT_THAT(resolved.errors, IsEmpty());
  ASSERT_EQ(resolved.configuration.listen.size(), 1U);
  EXPECT_EQ(resolved.configuration.listen[0].to_string(), "127.0.0.1:8080");
  EXPECT_EQ(resolved.configuration.operations_listen.to_string(), "127.0.0.1:9090");
  EXPECT_EQ(resolved.configuration.roles, RoleSet::all());
  EXPECT_EQ(resolved.configuration.limits.message_max_bytes, Limits{}.message_max_bytes);
  EXPECT_EQ(resolved.effective.at("server_id").origin, "default");
}

TEST(Configuration, WhereStrangersReachTheServerNobodyIsPingedUnlessToldSo) {
  const auto networks = [](const Settings& flags) { return resolve(flags, {}, {}).configuration.ping_networks.size(); };
  for (const char* listen : {"127.0.0.1:0", "[::1]:0", "10.1.2.3:80", "192.168.1.1:80", "[fd00::1]:80"}) {
    EXPECT_EQ(networks(one("listen", {listen}, "flag")), 6U) << listen;
  }
  for (const char* listen : {"0.0.0.0:80", "[::]:80", "93.184.215.14:80", "[2606:2800::1]:80"}) {
    EXPECT_EQ(networks(one("listen", {listen}, "flag")), 0U) << listen;
    EXPECT_EQ(networks(one("listen", {"127.0.0.1:0", listen}, "flag")), 0U) << listen;
    Settings told = one("listen", {listen}, "flag");
    told.merge(one("ping_networks", {"10.0.0.0/8"}, "flag"));
    EXPECT_EQ(networks(told), 1U) << listen;
  }
  for (const char* url : {"https://push.example.com", "https://93.184.215.14/push"}) {
    EXPECT_EQ(networks(one("public_url", {url}, "flag")), 0U) << url;
  }
  for (const char* url : {"http://localhost:8080", "http://127.0.0.1:8080", "http://10.0.0.1"}) {
    EXPECT_EQ(networks(one("public_url", {url}, "flag")), 6U) << url;
  }
  EXPECT_THAT(resolve(one("listen", {"0.0.0.0:80"}, "flag"), {}, {}).effective.at("ping_networks").origin,
              HasSubstr("strangers may reach 0.0.0.0:80"));
}

TEST(Configuration, FlagWinsOverEnvironmentOverTomlOverDefault) {
  const Settings toml = one("server_id", {"FromToml"}, "h.toml:1");
  const Settings environment = one("server_id", {"FromEnvironment"}, "environment HERALD_SERVER_ID");
  const Settings flags = one("server_id", {"FromFlag"}, "flag --server-id");
  EXPECT_EQ(resolve({}, {}, {}).configuration.server_id, "WS1");
  EXPECT_EQ(resolve({}, {}, toml).configuration.server_id, "FromToml");
  EXPECT_EQ(resolve({}, environment, toml).configuration.server_id, "FromEnvironment");
  const Resolved all = resolve(flags, environment, toml);
  EXPECT_EQ(all.configuration.server_id, "FromFlag");
  EXPECT_EQ(all.effective.at("server_id").origin, "flag --server-id");
}

TEST(Configuration, EveryLimitIsAnOptionOfAllThreeSources) {
  for (const auto& limit : limit_declarations()) {
    const Option* option = find_option("limits." + std::string(limit.name));
    ASSERT_NE(option, nullptr) << limit.name;
    EXPECT_TRUE(option->flag().starts_with("--limits-"));
    EXPECT_TRUE(option->variable().starts_with("HERALD_LIMITS_"));
    Configuration configuration;
    ASSERT_TRUE(option->set(configuration, {std::to_string(limit.least)}));
    EXPECT_EQ(configuration.limits.*limit.member, limit.least);
  }
}

TEST(Configuration, NamesOfAnOptionFollowFromItsPath) {
  const Option* option = find_option("tls.certificate");
  ASSERT_NE(option, nullptr);
  EXPECT_EQ(option->flag(), "--tls-certificate");
  EXPECT_EQ(option->variable(), "HERALD_TLS_CERTIFICATE");
  EXPECT_EQ(find_option("ping_networks")->flag(), "--ping-networks");
  EXPECT_EQ(find_option("ping_networks")->flags(), "--ping-networks,--ping-network");
  EXPECT_EQ(find_option("trusted_proxies")->flags(), "--trusted-proxies,--trusted-proxy");
}

TEST(Configuration, ReadsTheEnvironment) {
  const Settings settings = environment_settings([](const char* name) -> const char* {
    if (std::strcmp(name, "HERALD_LISTEN") == 0) return "127.0.0.1:1, [::1]:2";
    if (std::strcmp(name, "HERALD_LIMITS_PENDING_PAGE") == 0) return "7";
    return nullptr;
  });
  EXPECT_EQ(settings.size(), 2U);
  const Resolved resolved = resolve({}, settings, {});
  ASSERT_EQ(resolved.configuration.listen.size(), 2U);
  EXPECT_EQ(resolved.configuration.listen[1].port, 2);
  EXPECT_EQ(resolved.configuration.limits.pending_page, 7U);
}

TEST(Configuration, TellsOfVariablesThatNoOptionHas) {
  const char* const environment[] = {"HERALD_LISTEN=127.0.0.1:0",
                                     "HERALD_CONFIG=x",
                                     "HERALD_LISEN=127.0.0.1:0",
                                     "HERALD_LIMITS_LEASE_S=1",
                                     "HERALD_COMPLETELY_UNKNOWN=",
                                     "HOME=/",
                                     "herald_listen=x",
                                     "HERALD_SERVICE_HOST=10.0.0.1",
                                     "HERALD_SERVICE_PORT=80",
                                     "HERALD_SERVICE_PORT_HTTP=80",
                                     "HERALD_PORT=tcp://10.0.0.1:80",
                                     "HERALD_PORT_80_TCP_ADDR=10.0.0.1",
                                     nullptr};
  EXPECT_THAT(unknown_variables(environment),
              ElementsAre(AllOf(HasSubstr("HERALD_LISEN is not used"), HasSubstr("did you mean HERALD_LISTEN?")),
                          AllOf(HasSubstr("HERALD_LIMITS_LEASE_S"), HasSubstr("did you mean HERALD_LIMITS_LEASE_MS?")),
                          HasSubstr("HERALD_COMPLETELY_UNKNOWN")));
}

TEST(Configuration, LocalhostIsTheOnlyNameToListenOn) {
  const Resolved resolved = resolve(one("listen", {"localhost:80"}, "here"), {}, {});
  ASSERT_THAT(resolved.errors, testing::IsEmpty());
  EXPECT_EQ(resolved.configuration.listen.at(0).to_string(), "127.0.0.1:80");
  for (const char* wrong : {"localhost:", "localhost:99999", "example.com:80", "localhost.:80"}) {
    EXPECT_EQ(resolve(one("listen", {wrong}, "here"), {}, {}).errors.size(), 1U) << wrong;
  }
}

TEST(Configuration, ErrorsNameTheirOrigin) {
  const auto errors =
      resolve(one("listen", {"localhost"}, "flag --listen"), {}, one("limits.pending_page", {"0"}, "h.toml:4")).errors;
  EXPECT_THAT(errors, ElementsAre(testing::AllOf(HasSubstr("flag --listen: "), HasSubstr("not ADDR:PORT")),
                                  testing::AllOf(HasSubstr("h.toml:4: "), HasSubstr("between 1 and 1000"))));
}

TEST(Configuration, RefusesValuesThatCannotGoTogether) {
  const auto error_of = [](const std::string& path, const std::string& text) {
    const auto errors = resolve(one(path, {text}, "here"), {}, {}).errors;
    return errors.empty() ? std::string() : errors.front();
  };
  EXPECT_THAT(error_of("tls.certificate", "c.pem"), HasSubstr("needs tls.key"));
  EXPECT_THAT(error_of("tls.key", "k.pem"), HasSubstr("needs tls.certificate"));
  EXPECT_THAT(error_of("udp_server_id", "WS1"), HasSubstr("must differ"));
  EXPECT_THAT(error_of("server_id", "newMessages"), HasSubstr("another queue"));
  EXPECT_THAT(error_of("server_id", "a/b"), HasSubstr("letters, digits"));
  EXPECT_THAT(error_of("public_url", "https://push.example.com?q"), HasSubstr("\"https://push.example.com?q\" is not"));
  EXPECT_THAT(error_of("public_url", "push.example.com"), HasSubstr("http"));
  EXPECT_THAT(error_of("data", ""), HasSubstr("folder"));
  EXPECT_THAT(error_of("roles", "postman"), HasSubstr("is no role"));
  EXPECT_THAT(error_of("store", "paper"), HasSubstr("none of rocksdb, mongodb, memory"));
  EXPECT_THAT(error_of("missing_data", "maybe"), HasSubstr("none of refuse, accept"));
  EXPECT_THAT(error_of("store", "mongodb"), HasSubstr("needs mongodb_uri or mongodb_uri_file"));
  EXPECT_THAT(error_of("mongodb_uri", "http://db"), HasSubstr("must start with mongodb://"));
  EXPECT_THAT(error_of("mongodb_uri", "secret"), Not(HasSubstr("secret")));
  EXPECT_THAT(error_of("mongodb_database", "a.b"), HasSubstr("letters, digits"));
  EXPECT_THAT(error_of("ping_networks", "10.0.0.0/99"), HasSubstr("not a network"));
  EXPECT_THAT(error_of("trusted_proxies", "proxy.example.com"), HasSubstr("not a network"));
  EXPECT_EQ(error_of("public_url", "https://push.example.com"), "");
}

TEST(Configuration, ThePublicUrlHasOneForm) {
  const auto resolved = resolve(one("public_url", {"HTTPS://Push.example.com:443/"}, "here"), {}, {});
  EXPECT_EQ(resolved.configuration.public_url, "https://push.example.com");
  EXPECT_EQ(resolve({}, {}, {}).configuration.public_url, "");
}

TEST(ConfigurationFile, ReadsScalarsListsAndTables) {
  const auto file = parse_configuration(
      "listen = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nroles = \"monitor, app_server\"\n[limits]\npending_page = 9\n",
      "h.toml");
  EXPECT_THAT(file.errors, IsEmpty());
  EXPECT_THAT(file.settings.at("listen").texts, ElementsAre("127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_THAT(file.settings.at("roles").texts, ElementsAre("monitor", "app_server"));
  EXPECT_EQ(file.settings.at("limits.pending_page").origin, "h.toml:4");
}

TEST(ConfigurationFile, UnknownKeysAreErrorsWithTheirLineAndASuggestion) {
  EXPECT_THAT(errors_of("\nlisen = \"x\"\n"), ElementsAre(testing::AllOf(HasSubstr("h.toml:2: "), HasSubstr("lisen"),
                                                                         HasSubstr("did you mean listen?"))));
  EXPECT_THAT(errors_of("[limits]\npending_pages = 3\n"),
              ElementsAre(testing::AllOf(HasSubstr("h.toml:2: "), HasSubstr("limits.pending_page?"))));
  EXPECT_THAT(errors_of("[nowhere_at_all]\nx = 1\n"), ElementsAre(HasSubstr("h.toml:1: ")));
}

TEST(ConfigurationFile, WrongTypesAreErrorsWithTheirLine) {
  EXPECT_THAT(errors_of("loops = \"two\"\n"), ElementsAre("h.toml:1: loops must be a whole number, without quotes"));
  EXPECT_THAT(errors_of("data = 5\n"), ElementsAre("h.toml:1: data must be a string in quotes"));
  EXPECT_THAT(errors_of("listen = [1]\n"), ElementsAre("h.toml:1: listen must be a string, or an array of strings"));
  EXPECT_THAT(errors_of("[data]\nx = 1\n"), ElementsAre("h.toml:1: data must be a string in quotes"));
}

TEST(ConfigurationFile, SyntaxErrorsAreErrorsWithTheirLine) {
  EXPECT_THAT(errors_of("loops = 1\nlisten = [\n"), ElementsAre(HasSubstr("h.toml:")));
}

TEST(ConfigurationFile, SyntaxErrorsSayWhatToDo) {
  const struct {
    const char* toml;
    const char* said;
  } mistakes[] = {
      {"listen = 0.0.0.0:8080\n", "must be in quotes"},
      {"log_level = debug\n", "must be in quotes"},
      {"data = \"x\" more\n", "must be in quotes"},
      {"data =\n", "must be in quotes"},
      {"data \"x\"\n", "name = value"},
      {"data: x\n", "name = value"},
      {"{\"data\":\"x\"}\n", "name = value"},
      {"= 5\n", "name = value"},
      {"[limits\nx = 1\n", "such as [limits]"},
      {"listen = [\"a\", \"b\"\n", "an array is not closed"},
      {"tls = { key = \"x\"\n", "must end with }"},
      {"data = \"a\"\ndata = \"b\"\n", "a second time"},
      {"[limits]\n[limits]\n", "a second time"},
      {"data = \"C:\\path\"\n", "single quotes"},
      {"data = \"\xff\"\n", "UTF-8"},
      {"store = 'memory\n", "not closed on its line"},
      {"loops = 08\n", "leading zero"},
      {"loops = 99999999999999999999\n", "too large"},
      {"loops = 1 # \x01\n", "control character"},
  };
  for (const auto& [toml, said] : mistakes) {
    EXPECT_THAT(errors_of(toml), ElementsAre(AllOf(HasSubstr("h.toml:"), HasSubstr(said), Not(HasSubstr("parsing")))))
        << toml;
  }
}

TEST(ConfigurationFile, AFileThatIsNotThereIsAnError) {
  EXPECT_THAT(read_configuration_file("/nowhere/herald.toml").errors,
              ElementsAre(HasSubstr("/nowhere/herald.toml can't be read")));
}

TEST(SplitList, TrimsAndSkipsEmptyItems) {
  EXPECT_THAT(split_list(" a ,b,, c d "), ElementsAre("a", "b", "c d"));
  EXPECT_THAT(split_list(""), IsEmpty());
}

TEST(Configuration, RolesOfSeveralProcessesNeedASharedStoreQueuesAndKeys) {
  const auto errors_with = [](Settings flags, const std::string& roles) {
    flags["roles"] = {split_list(roles), "flag --roles"};
    return resolve(flags, {}, {}).errors;
  };
  EXPECT_THAT(errors_with({}, "app_server,monitor,user_agent_ws,delivery_manager"), IsEmpty()) << "nobody sleeps";
  EXPECT_THAT(errors_with({}, "monitor"), ElementsAre(HasSubstr("set store = mongodb"), HasSubstr("set queue = amqp")));
  Settings shared = {{"store", {{"mongodb"}, "test"}},
                     {"mongodb_uri", {{"mongodb://127.0.0.1/"}, "test"}},
                     {"queue", {{"amqp"}, "test"}},
                     {"brokers", {{"amqp://127.0.0.1:5672"}, "test"}}};
  EXPECT_THAT(errors_with(shared, "monitor"), IsEmpty());
  EXPECT_THAT(errors_with(shared, "delivery_manager,monitor"), IsEmpty());
  for (const char* roles : {"app_server", "user_agent_ws", "user_agent_udp"}) {
    EXPECT_THAT(errors_with(shared, roles), ElementsAre(HasSubstr("token_key_file must name the same file")));
  }
  shared["token_key_file"] = {{"token.keys"}, "test"};
  EXPECT_THAT(errors_with(shared, "app_server"), IsEmpty());
}

}  // namespace
}  // namespace herald::app
