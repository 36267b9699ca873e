#include "load/stamp.h"

#include <charconv>

#include "base/check.h"

namespace herald::load {

namespace {

void append_hex(std::string& out, std::uint64_t value, int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out.push_back(kDigits[value >> shift & 15]);
}

bool read_hex(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<Stamp> read_stamp(std::string_view text) {
  if (text.size() < kStampBytes) return std::nullopt;
  std::uint64_t sequence = 0;
  std::uint64_t intended = 0;
  std::uint64_t app = 0;
  if (!read_hex(text.substr(11, 16), sequence) || !read_hex(text.substr(28, 16), intended) ||
      !read_hex(text.substr(45, 8), app)) {
    return std::nullopt;
  }
  return Stamp{sequence, static_cast<std::int64_t>(intended), static_cast<std::uint32_t>(app)};
}

}  // namespace

void append_stamped(std::string& out, std::uint32_t run, const Stamp& stamp, std::size_t bytes) {
  HERALD_CHECK(bytes >= kStampBytes, "a message must have room for its stamp");
  out += "hb";
  append_hex(out, run, 8);
  out.push_back('.');
  append_hex(out, stamp.sequence, 16);
  out.push_back('.');
  append_hex(out, static_cast<std::uint64_t>(stamp.intended_ns), 16);
  out.push_back('.');
  append_hex(out, stamp.app, 8);
  out.push_back('.');
  out.append(bytes - kStampBytes, 'x');
}

DeliveryScanner::DeliveryScanner(std::string_view text, std::uint32_t run) : text_(text) {
  std::string mark = "hb";
  append_hex(mark, run, 8);
  mark.push_back('.');
  mark.copy(mark_, sizeof mark_);
  at_ = find_stamp(0);
}

std::size_t DeliveryScanner::find_stamp(std::size_t from) const {
  return text_.find(std::string_view(mark_, sizeof mark_), from);
}

std::optional<FoundDelivery> DeliveryScanner::next() {
  while (at_ != std::string_view::npos) {
    const std::size_t here = at_;
    at_ = find_stamp(here + sizeof mark_);
    const auto stamp = read_stamp(text_.substr(here));
    if (!stamp) continue;
    const bool alone = first_ && at_ == std::string_view::npos;
    first_ = false;
    FoundDelivery found{
        *stamp, string_member(text_.substr(here, at_ == std::string_view::npos ? at_ : at_ - here), "messageId")};
    // Servers that put the id before the message are understood where there is one message.
    if (found.message_id.empty() && alone) found.message_id = string_member(text_, "messageId");
    return found;
  }
  return std::nullopt;
}

std::string_view string_member(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    std::size_t value = at + name.size();
    if (at == 0 || text[at - 1] != '"' || value >= text.size() || text[value] != '"') continue;
    value = text.find_first_not_of(" \t\r\n:", value + 1);
    if (value == std::string_view::npos || text[value] != '"') return {};
    const std::size_t end = text.find('"', value + 1);
    return end == std::string_view::npos ? std::string_view() : text.substr(value + 1, end - value - 1);
  }
  return {};
}

}  // namespace herald::load
