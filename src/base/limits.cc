#include "base/limits.h"

#include <string>

namespace herald {

namespace {
constexpr LimitDeclaration kDeclarations[] = {
#define HERALD_LIMIT(name, standard, least, most, doc) {#name, &Limits::name, standard, least, most, doc},
#include "base/limits.def"
#undef HERALD_LIMIT
};
}  // namespace

std::span<const LimitDeclaration> limit_declarations() {
  return kDeclarations;
}

Status set_limit(Limits& limits, std::string_view name, std::uint64_t value) {
  for (const auto& declared : kDeclarations) {
    if (declared.name != name) continue;
    if (value < declared.least || value > declared.most) {
      return fail(ErrorKind::kInvalid, std::string(name) + " must be between " + std::to_string(declared.least) +
                                           " and " + std::to_string(declared.most));
    }
    limits.*declared.member = value;
    return {};
  }
  return fail(ErrorKind::kNotFound, "no limit is named " + std::string(name));
}

}  // namespace herald
