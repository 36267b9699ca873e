#pragma once
// Writes strings into JSON text.

#include <string>
#include <string_view>

namespace herald {

// Appends `text` as a JSON string with its quotes (RFC 8259 §7). Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace herald
