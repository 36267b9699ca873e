#include "protocol/user_agent/flow2012/frame.h"

#include <array>

#include "protocol/json.h"
#include "protocol/user_agent/flow2012/wake_interface.h"

namespace herald::protocol::flow2012 {
namespace {

enum class Action : std::uint8_t { kRegisterUa, kRegisterWa, kUnregisterWa, kGetAllMessages, kAck };

struct Verb {
  std::string_view name;
  Action action;
  Spelling spelling;  // as a command
};

constexpr std::array kVerbs = {
    Verb{"register/ua", Action::kRegisterUa, Spelling::kSlash},
    Verb{"registerUA", Action::kRegisterUa, Spelling::kCamel},
    Verb{"register/wa", Action::kRegisterWa, Spelling::kSlash},
    Verb{"registerWA", Action::kRegisterWa, Spelling::kCamel},
    Verb{"unregister/wa", Action::kUnregisterWa, Spelling::kSlash},
    Verb{"unregisterWA", Action::kUnregisterWa, Spelling::kCamel},
    Verb{"getAllMessages", Action::kGetAllMessages, Spelling::kCamel},
    Verb{"ack", Action::kAck, Spelling::kCamel},
};

const Verb* find_verb(const std::optional<JsonValue>& value) {
  const auto name = value ? value->string() : std::nullopt;
  for (const Verb& verb : kVerbs) {
    if (name == verb.name) return &verb;
  }
  return nullptr;
}

std::unexpected<Rejection> not_json() {
  return std::unexpected(Rejection{std::string(error_not_json()), "not_json"});
}
std::unexpected<Rejection> unknown_command() {
  return std::unexpected(Rejection{R"({ "error": "Command not recognized" })", "unknown_command"});
}
std::unexpected<Rejection> unknown_message_type() {
  return std::unexpected(Rejection{R"({ "error": "messageType not recognized" })", "unknown_message_type"});
}

struct Chosen {
  Action action;
  Spelling spelling;
};

// As a messageType only the later spelling exists.
std::expected<Chosen, Rejection> choose(const JsonValue& frame) {
  const auto command = frame.get("command");
  const auto message_type = frame.get("messageType");
  const Verb* by_command = find_verb(command);
  if (!message_type) {
    if (by_command == nullptr) return unknown_command();
    return Chosen{by_command->action, by_command->spelling};
  }
  const Verb* by_type = find_verb(message_type);
  if (by_type == nullptr || by_type->spelling == Spelling::kSlash) return unknown_message_type();
  if (command && (by_command == nullptr || by_command->action != by_type->action)) return unknown_message_type();
  return Chosen{by_type->action, Spelling::kMessageType};
}

// The member as a string of at most `bytes_max`; otherwise empty.
std::string bounded_string(const std::optional<JsonValue>& object, std::string_view key, std::uint64_t bytes_max) {
  const auto member = object ? object->get(key) : std::nullopt;
  const auto text = member ? member->string() : std::nullopt;
  if (!text || text->size() > bytes_max) return {};
  return std::string(*text);
}

// A token that is given and can't be one must not stand for the connection's own.
bool has_bad_token(const std::optional<JsonValue>& data, std::string_view token) {
  return token.empty() && data && data->get("uatoken");
}

RegisterUa read_register_ua(const std::optional<JsonValue>& data, const Limits& limits) {
  RegisterUa request;
  request.uatoken = bounded_string(data, "uatoken", limits.uatoken_max_bytes);
  if (const auto interface = data ? data->get("interface") : std::nullopt) {
    request.has_interface = true;
    request.interface = parse_wake_interface(*interface);
  }
  return request;
}

RegisterWa read_register_wa(const std::optional<JsonValue>& data, const Limits& limits) {
  RegisterWa request;
  request.uatoken = bounded_string(data, "uatoken", limits.uatoken_max_bytes);
  request.bad_uatoken = has_bad_token(data, request.uatoken);
  request.watoken = bounded_string(data, "watoken", limits.watoken_max_bytes);
  request.pbkbase64 = bounded_string(data, "pbkbase64", limits.public_key_max_bytes);
  const auto key = data ? data->get("pbkbase64") : std::nullopt;
  request.bad_key = key && request.pbkbase64.empty() && key->string() != std::string_view();
  return request;
}

UnregisterWa read_unregister_wa(const std::optional<JsonValue>& data, const Limits& limits) {
  UnregisterWa request{.uatoken = bounded_string(data, "uatoken", limits.uatoken_max_bytes),
                       .watoken = bounded_string(data, "watoken", limits.watoken_max_bytes),
                       .pbkbase64 = bounded_string(data, "pbkbase64", limits.public_key_max_bytes)};
  request.bad_uatoken = has_bad_token(data, request.uatoken);
  return request;
}

void add_message_id(std::vector<MessageId>& out, const JsonValue& value) {
  const auto text = value.string();
  if (!text) return;
  if (const auto id = MessageId::from_hex(*text)) out.push_back(*id);
}

Ack read_ack(const JsonValue& frame, const std::optional<JsonValue>& data, const Limits& limits) {
  Ack request{.uatoken = bounded_string(data, "uatoken", limits.uatoken_max_bytes), .messages = {}};
  auto id = data ? data->get("messageId") : std::nullopt;
  if (!id) id = frame.get("messageId");
  if (!id) return request;
  add_message_id(request.messages, *id);
  for (const JsonValue& one : id->elements()) add_message_id(request.messages, one);
  return request;
}

}  // namespace

std::expected<Request, Rejection> parse_frame(std::string_view text, const Limits& limits) {
  const auto document = JsonDocument::parse(text, limits.json_depth_max);
  if (!document || !document->root().is_object()) return not_json();
  const JsonValue frame = document->root();
  const auto chosen = choose(frame);
  if (!chosen) return std::unexpected(chosen.error());
  const auto data = frame.get("data");
  switch (chosen->action) {
    case Action::kRegisterUa:
      return Request{chosen->spelling, read_register_ua(data, limits)};
    case Action::kRegisterWa:
      return Request{chosen->spelling, read_register_wa(data, limits)};
    case Action::kUnregisterWa:
      return Request{chosen->spelling, read_unregister_wa(data, limits)};
    case Action::kGetAllMessages:
      return Request{chosen->spelling, GetAllMessages{bounded_string(data, "uatoken", limits.uatoken_max_bytes)}};
    case Action::kAck:
      return Request{chosen->spelling, read_ack(frame, data, limits)};
  }
  return unknown_command();
}

}  // namespace herald::protocol::flow2012
