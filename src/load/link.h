#pragma once
// One non-blocking connection of the load generator, plain or TLS: 16 bytes and what OpenSSL needs. OpenSSL stays in
// the source file. One thread each.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "load/plan.h"

namespace herald::load {

enum class LinkStatus : std::uint8_t { kOk, kWantRead, kWantWrite, kEnded, kFailed };

struct LinkResult {
  LinkStatus status = LinkStatus::kOk;
  std::size_t bytes = 0;
};

class Link {
 public:
  Link() = default;
  Link(Link&& other) noexcept;
  Link& operator=(Link&& other) noexcept;
  ~Link() { close(); }

  [[nodiscard]] bool open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool secure() const { return tls_ != nullptr; }
  // Goes on connecting, then with the TLS handshake. kOk: done.
  [[nodiscard]] LinkStatus establish();
  [[nodiscard]] LinkResult read(std::span<std::uint8_t> into);
  [[nodiscard]] LinkResult write(std::string_view bytes);
  void close();
  // Without a word: the server sees a reset.
  void cut();

 private:
  friend class LinkMaker;
  void* tls_ = nullptr;  // SSL*
  int fd_ = -1;
};

// Makes links to one target; one per loop.
class LinkMaker {
 public:
  // kInvalid: the CA file can't be read.
  [[nodiscard]] static Result<std::unique_ptr<LinkMaker>> create(const Target& target, const Plan& plan);
  // Begins to connect from source address number `source`. kUnavailable: no descriptor or no port is left, or refused.
  [[nodiscard]] Result<Link> connect(std::uint64_t source);

 private:
  LinkMaker(const Target& target, std::uint64_t sources) : target_(target), sources_(sources) {}
  [[nodiscard]] bool bind_source(int fd, std::uint64_t source) const;
  [[nodiscard]] Status secure(Link& link);

  Target target_;
  std::uint64_t sources_;
  std::shared_ptr<void> tls_;  // SSL_CTX
};

}  // namespace herald::load
