#pragma once
// The headers of a request as names and values, and the few forms that values have in Web Push.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace herald::protocol::webpush {

// Without spaces and tabs around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);
// ASCII letters only.
[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

// A view of a request's headers; what it points to must outlive it. Names are compared without case.
class HeaderList {
 public:
  using Field = std::pair<std::string_view, std::string_view>;
  explicit HeaderList(std::span<const Field> fields) : fields_(fields) {}

  // The values of every header of that name, trimmed, in order.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  // The same joined by ", " (RFC 9110 §5.3); nullopt: there is none.
  [[nodiscard]] std::optional<std::string> merged(std::string_view name) const;

 private:
  std::span<const Field> fields_;
};

// `text` cut at each `separator` that is outside double quotes; parts are trimmed.
[[nodiscard]] std::vector<std::string_view> split_outside_quotes(std::string_view text, char separator);

struct Parameter {
  std::string name;   // lower-case
  std::string value;  // without its quotes
};
// "name=value", where the value may stand in double quotes. kInvalid: no '=', no name, or one quote only.
[[nodiscard]] Result<Parameter> parse_parameter(std::string_view text);

// The value of Crypto-Key and Encryption: entries separated by ',', parameters by ';' (draft-ietf-httpbis-encryption-
// encoding-03 §3).
class CryptoHeader {
 public:
  using Entry = std::vector<Parameter>;
  // kInvalid: something in it is not a parameter.
  [[nodiscard]] static Result<CryptoHeader> parse(std::string_view text);
  // The first parameter of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  // The text again, quotes and base64 padding left out, without the parameters named `except`.
  [[nodiscard]] std::string without(std::string_view except) const;

 private:
  std::vector<Entry> entries_;
};

// A base64 value as senders write it: either alphabet, padded or not. kInvalid.
[[nodiscard]] Result<std::vector<std::uint8_t>> decode_any_base64(std::string_view text);

}  // namespace herald::protocol::webpush
