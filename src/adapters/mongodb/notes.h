#pragma once
// What a starting process must know of the database besides messages and devices: short texts in the collection of the
// schema's version, by name. Private to this folder.

#include <string>
#include <string_view>

#include "adapters/mongodb/session.h"
#include "base/result.h"

namespace herald::adapters::mongodb {

// Empty: never set. Errors of all three: see errors.h.
[[nodiscard]] Result<std::string> read_note(Session& database, std::string_view name);
[[nodiscard]] Status write_note(Session& database, std::string_view name, std::string_view value);
// Whether some device registered for an app, or has a place.
[[nodiscard]] Result<bool> any_device(Session& database);

}  // namespace herald::adapters::mongodb
