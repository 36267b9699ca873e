#include "load/link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace herald::load {

namespace {

// Further source addresses count up from here.
constexpr std::uint32_t kFirstSource = 0x7F010001;  // 127.1.0.1

SSL* as_ssl(void* tls) {
  return static_cast<SSL*>(tls);
}

LinkStatus status_of(SSL* ssl, int returned) {
  const int error = SSL_get_error(ssl, returned);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) return LinkStatus::kWantRead;
  if (error == SSL_ERROR_WANT_WRITE) return LinkStatus::kWantWrite;
  return error == SSL_ERROR_ZERO_RETURN ? LinkStatus::kEnded : LinkStatus::kFailed;
}

Result<std::shared_ptr<void>> make_context(const Plan& plan) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return fail(ErrorKind::kInternal, "no memory for OpenSSL");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (plan.insecure) return context;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!plan.ca_file.empty() && SSL_CTX_load_verify_file(context.get(), plan.ca_file.c_str()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::kInvalid, "can't read certificates from " + plan.ca_file);
  }
  return context;
}

}  // namespace

Link::Link(Link&& other) noexcept : tls_(std::exchange(other.tls_, nullptr)), fd_(std::exchange(other.fd_, -1)) {}

Link& Link::operator=(Link&& other) noexcept {
  if (this != &other) {
    close();
    tls_ = std::exchange(other.tls_, nullptr);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

LinkStatus Link::establish() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) return LinkStatus::kFailed;
  if (tls_ == nullptr) return LinkStatus::kOk;
  const int returned = SSL_do_handshake(as_ssl(tls_));
  return returned == 1 ? LinkStatus::kOk : status_of(as_ssl(tls_), returned);
}

LinkResult Link::read(std::span<std::uint8_t> into) {
  if (tls_ != nullptr) {
    std::size_t bytes = 0;
    const int returned = SSL_read_ex(as_ssl(tls_), into.data(), into.size(), &bytes);
    if (returned == 1) return {LinkStatus::kOk, bytes};
    return {status_of(as_ssl(tls_), returned), 0};
  }
  const ssize_t got = recv(fd_, into.data(), into.size(), 0);
  if (got > 0) return {LinkStatus::kOk, static_cast<std::size_t>(got)};
  if (got == 0) return {LinkStatus::kEnded, 0};
  return {errno == EAGAIN || errno == EINTR ? LinkStatus::kWantRead : LinkStatus::kFailed, 0};
}

LinkResult Link::write(std::string_view bytes) {
  if (tls_ != nullptr) {
    std::size_t written = 0;
    const int returned = SSL_write_ex(as_ssl(tls_), bytes.data(), bytes.size(), &written);
    if (returned == 1) return {LinkStatus::kOk, written};
    return {status_of(as_ssl(tls_), returned), 0};
  }
  const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return {LinkStatus::kOk, static_cast<std::size_t>(sent)};
  return {errno == EAGAIN || errno == EINTR ? LinkStatus::kWantWrite : LinkStatus::kFailed, 0};
}

void Link::close() {
  if (tls_ != nullptr) SSL_free(as_ssl(std::exchange(tls_, nullptr)));
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Link::cut() {
  const linger reset{1, 0};
  if (fd_ >= 0) setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close();
}

Result<std::unique_ptr<LinkMaker>> LinkMaker::create(const Target& target, const Plan& plan) {
  std::unique_ptr<LinkMaker> maker(new LinkMaker(target, plan.source_addresses));
  if (target.secure) {
    auto context = make_context(plan);
    if (!context) return std::unexpected(context.error());
    maker->tls_ = std::move(*context);
  }
  return maker;
}

bool LinkMaker::bind_source(int fd, std::uint64_t source) const {
  if (sources_ < 2 || !target_.is_loopback() || target_.address.ip.is_v6()) return true;
  // The port is chosen by connect(), so that the same one serves several targets.
  const int one = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(kFirstSource + static_cast<std::uint32_t>(source % sources_));
  return bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0;
}

Status LinkMaker::secure(Link& link) {
  SSL* ssl = SSL_new(static_cast<SSL_CTX*>(tls_.get()));
  if (ssl == nullptr) return fail(ErrorKind::kInternal, "no memory for OpenSSL");
  link.tls_ = ssl;
  SSL_set_fd(ssl, link.fd_);
  SSL_set_connect_state(ssl);
  if (transport::IpAddress::parse(target_.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), target_.host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, target_.host.c_str());
    SSL_set1_host(ssl, target_.host.c_str());
  }
  return {};
}

Result<Link> LinkMaker::connect(std::uint64_t source) {
  sockaddr_storage to{};
  const socklen_t length = target_.address.to_sockaddr(to);
  Link link;
  link.fd_ = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  if (link.fd_ < 0 || !bind_source(link.fd_, source)) {
    return fail(ErrorKind::kUnavailable, std::string("can't open a connection: ") + std::strerror(errno));
  }
  setsockopt(link.fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(link.fd_, reinterpret_cast<const sockaddr*>(&to), length) != 0 && errno != EINPROGRESS) {
    return fail(ErrorKind::kUnavailable, target_.address.to_string() + ": " + std::strerror(errno));
  }
  if (tls_) {
    if (auto status = secure(link); !status) return std::unexpected(status.error());
  }
  return link;
}

}  // namespace herald::load
