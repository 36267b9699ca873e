#include "protocol/subscription/endpoint_token.h"

#include "base/check.h"
#include "base/encoding.h"

namespace herald::protocol::subscription {

namespace {

constexpr std::string_view kUnrestricted = "/wpush/v1/";
constexpr std::string_view kRestricted = "/wpush/v2/";
constexpr std::string_view kSimplePush = "/spush/v1/";

std::unexpected<Error> none() {
  return fail(ErrorKind::kNotFound, "no such resource");
}

// The content of the token that follows `prefix`.
Result<std::string> content_after(const SealedTokens& tokens, std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return none();
  auto content = tokens.open(path.substr(prefix.size()));
  if (!content) return none();
  return content;
}

template <class Id>
Id take_id(std::string_view& content) {
  Id id;
  HERALD_CHECK(content.size() >= id.bytes.size(), "the content of a token is checked before it is taken apart");
  std::memcpy(id.bytes.data(), content.data(), id.bytes.size());
  content.remove_prefix(id.bytes.size());
  return id;
}

std::string joined(std::string_view first, std::string_view second) {
  return std::string(first).append(second);
}

}  // namespace

EndpointTokens::EndpointTokens(const TokenKeys& keys)
    : webpush_(keys, "webpush"),
      simplepush_(keys, "simplepush"),
      message_(keys, "message"),
      receipt_(keys, "receipt"),
      proof_(keys, "sender proof") {}

std::string EndpointTokens::sender_proof(const MessageId& message) const {
  return proof_.seal(message.view());
}

bool EndpointTokens::proves_sender(std::string_view proof, const MessageId& message) const {
  return proof_.open(proof) == message.view();
}

std::string EndpointTokens::path_of(const WebPushEndpoint& endpoint) const {
  std::string content = joined(endpoint.user_agent.view(), endpoint.channel.view());
  if (!endpoint.restricted_to) return joined(kUnrestricted, webpush_.seal(content));
  return joined(kRestricted, webpush_.seal(content.append(as_text(*endpoint.restricted_to))));
}

std::string EndpointTokens::path_of(const SimplePushEndpoint& endpoint) const {
  HERALD_CHECK(is_simplepush_channel(endpoint.channel), "not the name of a SimplePush channel");
  return joined(kSimplePush, simplepush_.seal(joined(endpoint.user_agent.view(), endpoint.channel)));
}

std::string EndpointTokens::path_of(const MessageName& message) const {
  return joined(kMessagePath, message_.seal(joined(message.app.view(), message.id.view())));
}

std::string EndpointTokens::path_of(const ReceiptId& receipt) const {
  return joined(kReceiptPath, receipt_.seal(receipt.view()));
}

Result<WebPushEndpoint> EndpointTokens::read_webpush(std::string_view path) const {
  const bool restricted = path.starts_with(kRestricted);
  const auto content = content_after(webpush_, restricted ? kRestricted : kUnrestricted, path);
  constexpr std::size_t kIdsSize = sizeof(UserAgentId) + sizeof(ChannelId);
  // The length decides: a token of one version is none of the other.
  if (!content || content->size() != (restricted ? kIdsSize + sizeof(VapidKeyHash) : kIdsSize)) return none();
  std::string_view left = *content;
  WebPushEndpoint endpoint;
  endpoint.user_agent = take_id<UserAgentId>(left);
  endpoint.channel = take_id<ChannelId>(left);
  if (restricted) std::memcpy(endpoint.restricted_to.emplace().data(), left.data(), left.size());
  return endpoint;
}

Result<SimplePushEndpoint> EndpointTokens::read_simplepush(std::string_view path) const {
  const auto content = content_after(simplepush_, kSimplePush, path);
  if (!content || content->size() <= sizeof(UserAgentId)) return none();
  std::string_view left = *content;
  SimplePushEndpoint endpoint;
  endpoint.user_agent = take_id<UserAgentId>(left);
  endpoint.channel = left;
  return endpoint;
}

Result<MessageName> EndpointTokens::read_message(std::string_view path) const {
  const auto content = content_after(message_, kMessagePath, path);
  if (!content || content->size() != sizeof(AppId) + sizeof(MessageId)) return none();
  std::string_view left = *content;
  MessageName name;
  name.app = take_id<AppId>(left);
  name.id = take_id<MessageId>(left);
  return name;
}

Result<ReceiptId> EndpointTokens::read_receipt(std::string_view path) const {
  const auto content = content_after(receipt_, kReceiptPath, path);
  if (!content || content->size() != sizeof(ReceiptId)) return none();
  std::string_view left = *content;
  return take_id<ReceiptId>(left);
}

}  // namespace herald::protocol::subscription
