#include "app/options.h"

#include <cctype>

#include "app/option_values.h"
#include "base/limits.h"

namespace herald::app {

namespace {

template <class T>
constexpr ValueKind kind_of() {
  if constexpr (std::is_same_v<T, std::uint64_t>) {
    return ValueKind::kNumber;
  } else if constexpr (std::is_same_v<T, std::vector<transport::SocketAddress>> ||
                       std::is_same_v<T, std::vector<transport::Network>> ||
                       std::is_same_v<T, std::vector<adapters::BrokerUrl>> ||
                       std::is_same_v<T, std::vector<std::string>> || std::is_same_v<T, RoleSet>) {
    return ValueKind::kList;
  } else {
    return ValueKind::kText;
  }
}

template <class T>
Option declare(T Configuration::* member, std::string path, std::string form, std::string standard, std::string example,
               std::string doc) {
  return {.path = std::move(path),
          .kind = kind_of<T>(),
          .form = std::move(form),
          .standard = std::move(standard),
          .example = std::move(example),
          .doc = std::move(doc),
          .is_limit = false,
          .is_secret = std::is_same_v<T, SecretText>,
          .set = [member](Configuration& configuration, const Texts& texts) {
            return read_value(texts, configuration.*member);
          }};
}

Option declare(const LimitDeclaration& limit) {
  const std::string name(limit.name);
  return {.path = "limits." + name,
          .kind = ValueKind::kNumber,
          .form = std::to_string(limit.least) + ".." + std::to_string(limit.most),
          .standard = std::to_string(limit.standard),
          .example = {},
          .doc = std::string(limit.doc),
          .is_limit = true,
          .is_secret = false,
          .set = [name](Configuration& configuration, const Texts& texts) -> Status {
            const auto number = parse_number(texts.front());
            if (!number) return std::unexpected(number.error());
            return set_limit(configuration.limits, name, *number);
          }};
}

std::vector<Option> declare_all() {
  std::vector<Option> all = {
#define HERALD_OPTION(type, member, path, form, standard, example, doc) \
  declare(&Configuration::member, path, form, standard, example, doc),
#include "app/options.def"
#undef HERALD_OPTION
  };
  for (const auto& limit : limit_declarations()) all.push_back(declare(limit));
  return all;
}

}  // namespace

std::string Option::flag() const {
  std::string out = "--" + path;
  for (char& c : out) {
    if (c == '.' || c == '_') c = '-';
  }
  return out;
}

std::string Option::flags() const {
  const std::string name = flag();
  if (kind != ValueKind::kList || !name.ends_with('s')) return name;
  if (name.ends_with("ies")) return name + "," + name.substr(0, name.size() - 3) + "y";
  return name + "," + name.substr(0, name.size() - 1);
}

std::string Option::variable() const {
  std::string out = "HERALD_";
  for (const char c : path) out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::vector<std::string> Option::split(std::string_view text) const {
  if (kind == ValueKind::kList) return split_list(text);
  return {std::string(text)};
}

const std::vector<Option>& options() {
  static const std::vector<Option> all = declare_all();
  return all;
}

const Option* find_option(std::string_view path) {
  for (const auto& option : options()) {
    if (option.path == path) return &option;
  }
  return nullptr;
}

}  // namespace herald::app
