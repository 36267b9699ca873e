#include "load/puller.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/encoding.h"
#include "protocol/wakeup/ping.h"

namespace herald::load {

namespace {

constexpr std::uint32_t kFirstEar = 0x7F400001;  // 127.64.0.1
constexpr std::uint64_t kEarsMost = 1ULL << 22;
constexpr std::size_t kLines = 16;
constexpr std::chrono::milliseconds kRetryAfter{200};
constexpr int kReceiveBufferBytes = 4 << 20;

}  // namespace

std::string ear_address(std::uint64_t device) {
  const in_addr address{htonl(kFirstEar + static_cast<std::uint32_t>(device))};
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &address, text, sizeof text);
}

std::uint64_t ear_owner(std::uint32_t address) {
  return address < kFirstEar || address - kFirstEar >= kEarsMost ? kNobody : address - kFirstEar;
}

struct Puller::Line final : transport::IoHandler {
  explicit Line(Puller& owner) : puller(owner) {}
  void on_ready(bool readable, bool writable, bool hung_up) override {
    puller.on_line(*this, readable, writable, hung_up);
  }

  Puller& puller;
  Link link;
  bool established = false;
  bool busy = false;
  std::uint32_t place = 0;
  std::string nonce;
  std::string acks;  // of the page before, in quotes, with commas
  std::string in;
  std::string out;
  std::string scratch;
};

Result<std::unique_ptr<Puller>> Puller::create(Site& site, DevicePool& devices) {
  std::unique_ptr<Puller> puller(new Puller(site, devices));
  if (auto status = puller->listen(); !status) return std::unexpected(status.error());
  puller->waits_.resize(devices.size());
  for (std::size_t i = 0; i < kLines; ++i) {
    puller->lines_.push_back(std::make_unique<Line>(*puller));
    puller->connect(*puller->lines_.back());
  }
  return puller;
}

Puller::Puller(Site& site, DevicePool& devices) : site_(site), devices_(devices) {}

Puller::~Puller() {
  if (fd_ >= 0) ::close(fd_);
}

Status Puller::listen() {
  fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  socklen_t length = sizeof at;
  setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
  if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&at), length) != 0) {
    return fail(ErrorKind::kUnavailable, std::string("can't hear pings: ") + std::strerror(errno));
  }
  getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &length);
  port_ = ntohs(at.sin_port);
  return site_.loop.watch(fd_, *this);
}

std::pair<std::string, std::uint16_t> Puller::interface(std::uint32_t place) const {
  return {ear_address(devices_.device_number(place)), port_};
}

void Puller::on_ready(bool /*readable*/, bool /*writable*/, bool /*hung_up*/) {
  for (;;) {
    char datagram[64];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(in_pktinfo))];
    iovec part{datagram, sizeof datagram};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(fd_, &message, 0);
    if (got < 0) break;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != IP_PKTINFO) continue;
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(header), sizeof info);
    pinged(ear_owner(ntohl(info.ipi_addr.s_addr)),
           protocol::wakeup::nonce_in({datagram, static_cast<std::size_t>(got)}));
  }
  assign();
}

void Puller::pinged(std::uint64_t device, std::string_view nonce) {
  const std::uint64_t loops = site_.plan().loops;
  if (device == kNobody || device % loops != site_.number || device / loops >= devices_.size()) return;
  site_.counters.pings.add();
  const auto place = static_cast<std::uint32_t>(device / loops);
  if (waits_[place] == 0) pinged_.push_back({place, std::string(nonce)});
  waits_[place] = waits_[place] == 0 ? 1 : 2;
}

void Puller::assign() {
  for (auto& line : lines_) {
    if (pinged_.empty()) return;
    if (line->busy || !line->established) continue;
    line->busy = true;
    line->place = pinged_.front().place;
    line->nonce = std::move(pinged_.front().nonce);
    line->acks.clear();
    pinged_.pop_front();
    // What is pinged from here on is not in this pull.
    waits_[line->place] = 1;
    ask(*line);
  }
}

void Puller::connect(Line& line) {
  auto link = site_.links.connect(site_.number);
  if (link) line.link = std::move(*link);
  if (link && site_.loop.watch(line.link.fd(), line, true)) return;
  line.link.close();
  site_.loop.run_after(kRetryAfter, [this, &line] { connect(line); });
}

void Puller::ask(Line& line) {
  const std::string_view token = devices_.token(line.place);
  line.out = line.acks.empty() ? "GET" : "POST";
  line.out += " /pull";
  if (!line.nonce.empty()) line.out.append("?ping=").append(line.nonce);
  line.out.append(" HTTP/1.1\r\nHost: ").append(site_.run.target.authority);
  line.out.append("\r\nAuthorization: Bearer ").append(token).append("\r\n");
  if (!line.acks.empty()) {
    const std::string body = R"({"ack":[)" + line.acks + "]}";
    line.out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  } else {
    line.out += "\r\n";
  }
  site_.counters.pulls.add();
  write(line);
}

void Puller::on_line(Line& line, bool readable, bool writable, bool hung_up) {
  if (!line.established) {
    const LinkStatus status = line.link.establish();
    if (status == LinkStatus::kWantRead || status == LinkStatus::kWantWrite) {
      return site_.loop.rewatch(line.link.fd(), line, status == LinkStatus::kWantWrite);
    }
    if (status != LinkStatus::kOk) return ended(line);
    line.established = true;
    site_.loop.rewatch(line.link.fd(), line, false);
    return assign();
  }
  if (writable) write(line);
  if (readable || hung_up) read(line);
}

void Puller::write(Line& line) {
  const LinkResult sent = line.link.write(line.out);
  line.out.erase(0, sent.bytes);
  site_.loop.rewatch(line.link.fd(), line, !line.out.empty());
}

void Puller::read(Line& line) {
  for (;;) {
    const auto buffer = site_.loop.read_buffer();
    const LinkResult got = line.link.read(buffer);
    if (got.status == LinkStatus::kWantRead || got.status == LinkStatus::kWantWrite) return;
    if (got.status != LinkStatus::kOk) return ended(line);
    line.in += as_text(buffer.first(got.bytes));
    const HttpAnswer answer = read_http_answer(line.in, line.scratch);
    if (answer.form == HttpAnswer::Form::kBroken) return ended(line);
    if (answer.form == HttpAnswer::Form::kWhole) {
      if (!line.busy) return ended(line);
      take_page(line, answer);
      line.in.erase(0, answer.bytes);
      if (answer.close) return ended(line);
      if (line.acks.empty()) {
        finish(line);
      } else {
        ask(line);
      }
    }
    if (!line.link.secure()) return;
  }
}

void Puller::take_page(Line& line, const HttpAnswer& answer) {
  line.acks.clear();
  if (answer.status != 200) {
    site_.counters.failures.add();
    site_.loop.run_after(kRetryAfter, [this, place = line.place, nonce = line.nonce] {
      if (waits_[place] == 0) pinged_.push_back({place, nonce});
      waits_[place] = waits_[place] == 0 ? 1 : 2;
      assign();
    });
    return;
  }
  const MonoTime now = site_.run.clock.mono();
  DeliveryScanner deliveries(answer.body, site_.plan().run);
  while (const auto found = deliveries.next()) {
    note_arrival(site_, *found, devices_.device_number(line.place), now);
    if (found->message_id.empty()) continue;
    if (!line.acks.empty()) line.acks += ',';
    line.acks.append("\"").append(found->message_id).append("\"");
  }
}

void Puller::finish(Line& line) {
  line.busy = false;
  const bool again = waits_[line.place] == 2;
  waits_[line.place] = again ? 1 : 0;
  if (again) pinged_.push_back({line.place, line.nonce});
  assign();
}

void Puller::ended(Line& line) {
  site_.loop.unwatch(line.link.fd());
  line.link.close();
  line.established = false;
  line.in.clear();
  line.out.clear();
  if (line.busy) pinged_.push_back({line.place, line.nonce});
  line.busy = false;
  site_.loop.run_after(kRetryAfter, [this, &line] { connect(line); });
}

}  // namespace herald::load
