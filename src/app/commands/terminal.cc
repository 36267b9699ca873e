#include "app/commands/terminal.h"

#include <unistd.h>

#include <cstdlib>

#include "base/encoding.h"

namespace herald::app {

namespace {

bool is_control(unsigned char c) {
  return c < 0x20 || c == 0x7f;
}

std::string visible(char c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  const auto byte = static_cast<std::uint8_t>(c);
  return "\\x" + to_hex({&byte, 1});
}

// U+0080 to U+009F are controls too; in UTF-8 they begin with 0xc2.
bool is_c1_control(std::string_view text, std::size_t at) {
  return text[at] == '\xc2' && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
}

}  // namespace

Terminal Terminal::of_standard_output() {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return Terminal(::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr && !dumb);
}

std::string Terminal::paint(const char* code, std::string_view text) const {
  if (!colour_) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_c1_control(text, i)) {
      out += visible(text[++i]);
    } else {
      out += is_control(static_cast<unsigned char>(text[i])) ? visible(text[i]) : std::string(1, text[i]);
    }
  }
  return out;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace herald::app
