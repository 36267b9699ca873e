#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <sstream>

#include "adapters/mongodb/driver_counters.h"
#include "app/configuration_reference.h"
#include "app/nearest_name.h"
#include "app/options.h"
#include "app/version.h"
#include "transport/tls_context.h"

namespace herald::app {

namespace {

// Where CLI11 puts what the flags of options.def and limits.def were given; elements keep their address.
using Given = std::deque<std::vector<std::string>>;

void add_configuration(CLI::App& app, std::string& config, Given& given) {
  app.add_option("--config", config, "TOML file with any of these options")
      ->type_name("FILE")
      ->envname("HERALD_CONFIG")
      ->check([](const std::string& file) {
        // Such as that of a variable that is not set.
        return file.empty() ? std::string("the name of the file is empty; leave --config out to start without one")
                            : "";
      });
  for (const auto& option : options()) {
    auto* added = app.add_option(option.flags(), given.emplace_back(), option.doc)->type_name(option.form);
    added->allow_extra_args(false);
    if (option.kind != ValueKind::kList) added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (option.is_limit) added->group("");
    if (!option.standard.empty()) added->description(option.doc + " Default: " + option.standard);
  }
}

Settings flags_of(const Given& given) {
  Settings flags;
  auto values = given.begin();
  for (const auto& option : options()) {
    const auto& texts = *values++;
    if (texts.empty()) continue;
    Setting setting{{}, "flag " + option.flag()};
    for (const auto& text : texts) {
      const auto split = option.split(text);
      setting.texts.insert(setting.texts.end(), split.begin(), split.end());
    }
    flags[option.path] = std::move(setting);
  }
  return flags;
}

// What is wrong with a file of certificates, or nothing.
std::string usable_authorities(const std::string& file) {
  const auto usable = transport::check_authorities(file);
  return usable ? std::string() : usable.error().message;
}

void add_trust(CLI::App& app, TrustOptions& trust) {
  app.add_option("--ca", trust.ca_file, "Trust the certificates in this PEM file too")
      ->type_name("FILE")
      ->check(usable_authorities);
  app.add_flag("--insecure", trust.insecure, "Do not check the server's certificate");
}

void define_serve(CLI::App& app, ServeCommand& command, Given& given) {
  add_configuration(app, command.config, given);
  app.footer(
      "Every limit can be set too, such as --limits-message-max-bytes 8192: docs/configuration.md lists them.\n"
      "Each option is also an environment variable (HERALD_LISTEN) and a TOML key (listen); a flag wins.\n\n"
      "Example: herald serve --listen 0.0.0.0:8080 --data /var/lib/herald --public-url http://push.example.com:8080\n"
      "Then:    herald listen, in another terminal\n\n" +
      exit_codes_text());
}

void define_check_config(CLI::App& app, CheckConfigCommand& command, Given& given) {
  add_configuration(app, command.config, given);
  for (CLI::Option* option : app.get_options()) {
    if (!option->get_lnames().empty() && option->get_lnames()[0] != "help" && option->get_lnames()[0] != "config") {
      option->group("");
    }
  }
  app.add_flag("--reference", command.reference, "Print docs/configuration.md instead: every option and limit");
  app.footer(
      "Prints every option with its value and where it came from; takes all options of serve.\n"
      "Ends with 0 if the configuration is valid, with 2 and one line for each error if not.\n\n"
      "Example: herald check-config --config herald.toml");
}

void define_listen(CLI::App& app, ListenCommand& command) {
  app.add_option("--server", command.server, "The server's public address")->type_name("URL")->capture_default_str();
  app.add_option("--app", command.app, "The app's WA token: devices that give the same one share a URL")
      ->type_name("WATOKEN");
  app.add_option("--token-file", command.token_file, "Keep the UA token here, to be the same device next time")
      ->type_name("FILE");
  app.add_option("--key", command.key_file, "Public key of the senders (PEM): unsigned messages are then refused")
      ->type_name("FILE");
  app.add_flag("--udp", command.udp, "Sleep: be woken by UDP pings and pull, instead of keeping a WebSocket open");
  app.add_option("--bind", command.bind, "With --udp: where to wait for pings, as the server can reach it")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  app.add_flag("--json", command.json, "One JSON object a line: first {\"url\":…}, then each notification");
  app.add_option("--count", command.count, "End after so many notifications")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  app.add_flag("--webpush", command.webpush, "Be a Web Push user agent: print a subscription, decrypt what arrives");
  app.add_option("--vapid", command.vapid_key,
                 "With --webpush: only senders with this key; the public key, or a file of herald keys --type vapid")
      ->type_name("KEY|FILE");
  app.add_flag("--no-ack", command.no_ack, "Do not ack: the server will deliver the same again");
  add_trust(app, command.trust);
  app.footer(
      "A device in a terminal: prints its URL and each notification that arrives.\n\n"
      "Example: herald listen --app my-app --token-file ~/.herald-device\n"
      "         herald listen --udp --bind 127.0.0.1:5000\n"
      "         herald listen --json --count 1 | tail -n 1\n"
      "         herald listen --webpush --json > subscription.json");
}

void define_send(CLI::App& app, SendCommand& command) {
  app.add_option("URL", command.url, "The notify URL, as `herald listen` prints it; with --webpush the MESSAGE instead")
      ->required();
  app.add_option("MESSAGE", command.message, "The text to send; - reads it from standard input");
  app.add_option("--webpush", command.subscription_file, "Send an encrypted Web Push to this subscription (JSON)")
      ->type_name("FILE");
  app.add_option("--vapid", command.vapid_file, "Web Push: sign with these keys (herald keys --type vapid)")
      ->type_name("FILE");
  app.add_option("--urgency", command.urgency, "Web Push: how much it matters")
      ->check(CLI::IsMember({"very-low", "low", "normal", "high"}))
      ->type_name("very-low|low|normal|high");
  app.add_option("--topic", command.topic, "Web Push: a later message with the same topic replaces this one");
  app.add_flag("--receipt", command.receipt, "Web Push: ask for a receipt subscription");
  app.add_flag("--aesgcm", command.aesgcm, "Web Push: encrypt as old libraries did");
  app.add_option("--id", command.id, "Your own id: a later message with the same id replaces this one");
  app.add_option("--ttl", command.ttl, "Seconds after which it is worthless; 0: as long as the server keeps it")
      ->check(CLI::NonNegativeNumber)
      ->type_name("SECONDS");
  app.add_option("--priority", command.priority, "1 wake now, 2 wake within a minute, 3 do not wake")
      ->check(CLI::Range(1, 3))
      ->type_name("1|2|3");
  app.add_option("--timestamp", command.timestamp, "When it was made, in seconds or milliseconds since 1970")
      ->type_name("TIME");
  app.add_flag("--json-message", command.json_message, "MESSAGE is JSON, and is sent as such");
  app.add_option("--sign", command.sign_key, "Sign with this private key (herald keys makes one)")->type_name("FILE");
  app.add_flag("--delete", command.take_back,
               "Take back the message with this --id, or at this URL, where it is not acked yet");
  add_trust(app, command.trust);
  app.footer(
      "Example: herald send http://127.0.0.1:8080/notify/fb28… 'Dinner is ready' --id dinner --ttl 3600\n"
      "         herald send --webpush subscription.json --vapid my.vapid.json 'Dinner is ready' --urgency high\n"
      "Ends with 0 once the server has the message on disk, with 1 and the reason if it refuses.");
}

void define_status(CLI::App& app, StatusCommand& command) {
  app.add_option("URL", command.url,
                 "A notify URL with --id, a receipt's URL (…/messages/… or …/r/…), or a server's address")
      ->required();
  app.add_option("--id", command.id, "The id given to send, or the server's message id");
  add_trust(app, command.trust);
  app.footer(
      "Example: herald status http://127.0.0.1:8080/notify/fb28… --id dinner\n"
      "         herald status http://127.0.0.1:8080");
}

void define_keys(CLI::App& app, KeysCommand& command) {
  app.add_option("--type", command.type,
                 "rsa, ecdsa, ed25519 for signing messages; vapid for Web Push; token for the server's UA tokens")
      ->check(CLI::IsMember({"rsa", "ecdsa", "ed25519", "vapid", "token"}))
      ->capture_default_str();
  app.add_option("--out", command.out,
                 "Where to write: PREFIX.private.pem and PREFIX.public.pem, PREFIX.vapid.json, or PREFIX.keys")
      ->type_name("PREFIX")
      ->required();
  app.add_option("--subject", command.subject, "vapid: how a push service reaches you, mailto: or https:")
      ->type_name("URI");
  app.footer(
      "Example: herald keys --out my-app\n"
      "         herald listen --app my-app --key my-app.public.pem\n"
      "         herald send URL 'Hello' --sign my-app.private.pem");
}

void define_bench(CLI::App& app, BenchCommand& command) {
  load::Plan& plan = command.plan;
  app.add_option("SCENARIO", command.scenario, "What to play; the list is below")->required();
  app.add_option("--protocol", command.protocol, "What devices and senders speak")
      ->type_name("2012|webpush")
      ->capture_default_str();
  app.add_option("--target", plan.target, "Where devices connect")->type_name("URL")->capture_default_str();
  app.add_option("--post-to", plan.post_to, "Where senders POST; unless given, where the URLs that devices get say")
      ->type_name("URL");
  app.add_option("--devices", plan.devices, "Devices to be")->type_name("N")->capture_default_str();
  app.add_option("--rate", command.rate, "Notifications a second; max: as many as go")
      ->type_name("R|max")
      ->capture_default_str();
  app.add_option("--seconds", plan.seconds, "How long to measure")->type_name("S")->capture_default_str();
  app.add_option("--apps", plan.apps, "Apps that the devices share; default: one for each device")->type_name("N");
  app.add_option("--bytes", plan.bytes, "Length of a message")->type_name("N")->capture_default_str();
  app.add_option("--messages", plan.messages, "backlog: messages that wait for each app (default 10)")->type_name("N");
  app.add_option("--senders", plan.senders, "Connections that POST")->type_name("N")->capture_default_str();
  app.add_option("--pipeline", plan.pipeline, "POSTs under way on one of them")->type_name("N")->capture_default_str();
  app.add_option("--in-flight", plan.in_flight, "At --rate max: accepted and not yet delivered, at most")
      ->type_name("N");
  app.add_option("--grace", plan.grace_s, "Seconds without any progress after which what is missing counts as lost")
      ->type_name("S")
      ->capture_default_str();
  app.add_option("--loops", plan.loops, "Event loops, each with descriptors of its own; default: as many as needed")
      ->type_name("N");
  app.add_option("--source-addresses", plan.source_addresses,
                 "Addresses in 127.0.0.0/8 to connect from; default: one for 10,000 connections")
      ->type_name("N");
  app.add_option("--server-pid", command.server_pid, "The server's process, to weigh it; auto finds a local one")
      ->type_name("PID|auto|none")
      ->capture_default_str();
  app.add_option("--operations", plan.operations, "Operations address: --json then tells how its metrics grew")
      ->type_name("URL");
  app.add_option("--path", plan.path, "post: where to post")->capture_default_str();
  app.add_flag("--json", plan.json, "One JSON object instead of a table");
  app.add_option("--report", plan.report, "Write an HTML report with plots")->type_name("FILE");
  app.add_option("--ca,--ca-file", plan.ca_file, "Trust the certificates in this PEM file too")
      ->type_name("FILE")
      ->check(usable_authorities);
  app.add_flag("--insecure", plan.insecure, "Do not check the server's certificate");
  app.footer(bench_footer());
}

// The flags of `app`, in every spelling.
std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// One flag that `app` does not know, and the one that may be meant.
std::string unknown_flag(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  for (const auto& argument : app.remaining(true)) {
    if (!argument.starts_with("--")) continue;
    const std::string flag = argument.substr(0, argument.find('='));
    const std::string command = chosen.empty() ? "" : chosen[0]->get_name() + " ";
    return "herald: no option is named " + flag + did_you_mean(flag, flag_names(chosen.empty() ? app : *chosen[0])) +
           "; try herald " + command + "--help\n";
  }
  return {};
}

PrintAndExit words_of(const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    if (auto words = unknown_flag(app); !words.empty()) return {ExitCode::kUsage, "", std::move(words)};
  }
  std::ostringstream output;
  std::ostringstream mistake;
  const int code = app.exit(error, output, mistake);
  return {code == 0 ? ExitCode::kOk : ExitCode::kUsage, output.str(), mistake.str()};
}

class Parser {
 public:
  Parser() {
    app_.set_help_flag("-h,--help", "Print this help and end");
    app_.set_version_flag("--version", "herald " + std::string(version()));
    app_.require_subcommand(1);
    app_.failure_message([](const CLI::App* app, const CLI::Error& error) {
      return "herald: " + std::string(error.what()) + "; try herald " +
             (app->get_subcommands().empty() ? "" : app->get_subcommands()[0]->get_name() + " ") + "--help\n";
    });
    app_.footer(
        "A first try: run `herald serve`, then `herald listen` in a second terminal, and in a third the\n"
        "`herald send` line that it prints.");
    add("serve", "Run the push notification server", serve_, [this](CLI::App& a) { define_serve(a, serve_, given_); });
    add("check-config", "Explain the effective configuration", check_,
        [this](CLI::App& a) { define_check_config(a, check_, checked_); });
    add("listen", "Be a device: show notifications as they arrive", listen_,
        [this](CLI::App& a) { define_listen(a, listen_); });
    add("send", "Be an application server: send a notification", send_, [this](CLI::App& a) { define_send(a, send_); });
    add("status", "Ask what became of a notification, or how a server is", status_,
        [this](CLI::App& a) { define_status(a, status_); });
    add("keys", "Make keys for signing", keys_, [this](CLI::App& a) { define_keys(a, keys_); });
    add("bench", "Measure a server as its users load it", bench_, [this](CLI::App& a) { define_bench(a, bench_); });
    add("version", "Print the version", version_, [](CLI::App&) {});
  }

  Command parse(std::vector<std::string> arguments) {
    if (!arguments.empty() && !arguments[0].starts_with('-') && !is_command(arguments[0])) {
      return PrintAndExit{ExitCode::kUsage, "",
                          "herald: no command is named '" + arguments[0] + "'" +
                              did_you_mean(arguments[0], command_names()) + "; try herald --help\n"};
    }
    std::ranges::reverse(arguments);
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      return words_of(app_, error);
    }
    serve_.flags = flags_of(given_);
    check_.flags = flags_of(checked_);
    return chosen_();
  }

 private:
  [[nodiscard]] std::vector<std::string> command_names() {
    std::vector<std::string> names;
    for (const CLI::App* sub : app_.get_subcommands({})) names.push_back(sub->get_name());
    return names;
  }

  [[nodiscard]] bool is_command(const std::string& name) {
    return !app_.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; }).empty();
  }

  template <class C>
  void add(const std::string& name, const std::string& description, C& command,
           const std::function<void(CLI::App&)>& define) {
    CLI::App* sub = app_.add_subcommand(name, description);
    define(*sub);
    sub->callback([this, &command] { chosen_ = [&command] { return Command(command); }; });
  }

  CLI::App app_{"Herald, a push notification server: one binary, nothing else to install.", "herald"};
  ServeCommand serve_;
  CheckConfigCommand check_;
  ListenCommand listen_;
  SendCommand send_;
  StatusCommand status_;
  KeysCommand keys_;
  BenchCommand bench_;
  VersionCommand version_;
  Given given_;
  Given checked_;
  std::function<Command()> chosen_;
};

}  // namespace

Command parse_command_line(std::vector<std::string> arguments) {
  return Parser().parse(std::move(arguments));
}

int run_program(int argc, char** argv) {
  adapters::unlink_driver_counters();
  const Command command = parse_command_line(std::vector<std::string>(argv + 1, argv + argc));
  return std::visit([](const auto& chosen) { return run(chosen); }, command);
}

}  // namespace herald::app
