#pragma once
// Text for a person's terminal: colour only where it is seen, and nothing that a stranger's message could command.

#include <string>
#include <string_view>

namespace herald::app {

class Terminal {
 public:
  // Colours if `is_tty`, and neither NO_COLOR (no-color.org) is set nor TERM is dumb.
  static Terminal of_standard_output();
  explicit Terminal(bool colour) : colour_(colour) {}

  [[nodiscard]] std::string bold(std::string_view text) const { return paint("1", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return paint("2", text); }
  [[nodiscard]] std::string good(std::string_view text) const { return paint("32", text); }
  [[nodiscard]] std::string bad(std::string_view text) const { return paint("31", text); }

 private:
  [[nodiscard]] std::string paint(const char* code, std::string_view text) const;
  bool colour_;
};

// `text` with control characters made visible (\n, \x1b), so that it stays one line and moves no cursor.
[[nodiscard]] std::string printable(std::string_view text);

// `text` in single quotes for a POSIX shell.
[[nodiscard]] std::string shell_quoted(std::string_view text);

}  // namespace herald::app
