#include "load/sender_pool.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/encoding.h"

namespace herald::load {

namespace {

constexpr std::chrono::milliseconds kRetryAfter{200};
constexpr std::size_t kSamplesMost = 16;
// POSTs use the source addresses after those of the devices, in turn.
constexpr std::uint64_t kSourceStride = 7;

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

struct SenderPool::Sender final : transport::IoHandler {
  struct UnderWay {
    std::uint64_t sequence = 0;
    std::int64_t intended_ns = 0;
    bool sampled = false;  // its receipt may be asked for: nothing but an ack can end it
  };

  Sender(SenderPool& owner, std::size_t depth, std::uint64_t number_of) : pool(owner), ring(depth), number(number_of) {}
  void on_ready(bool readable, bool writable, bool hung_up) override {
    pool.on_ready(*this, readable, writable, hung_up);
  }
  [[nodiscard]] bool has_room() const { return count < ring.size(); }
  void push(UnderWay entry) { ring[(head + count++) % ring.size()] = entry; }
  UnderWay pop() {
    const UnderWay entry = ring[head];
    head = (head + 1) % ring.size();
    --count;
    return entry;
  }

  SenderPool& pool;
  Link link;
  bool established = false;
  bool want_write = false;
  std::vector<UnderWay> ring;
  std::size_t head = 0;
  std::size_t count = 0;
  std::uint64_t number;
  std::string out;
  std::string in;
};

SenderPool::SenderPool(Site& site, std::size_t connections) : site_(site) {
  for (std::size_t i = 0; i < connections; ++i) {
    senders_.push_back(std::make_unique<Sender>(*this, depth(), (i * site.plan().loops + site.number) * kSourceStride));
  }
  free_ = sender_count() * depth();
}

SenderPool::~SenderPool() = default;

Status SenderPool::open(const Target& target) {
  auto links = LinkMaker::create(target, site_.plan());
  if (!links) return std::unexpected(links.error());
  links_ = std::move(*links);
  authority_ = target.authority;
  for (auto& sender : senders_) connect(*sender);
  return {};
}

bool SenderPool::established() const {
  return std::ranges::all_of(senders_, [](const auto& sender) { return sender->established; });
}

void SenderPool::connect(Sender& sender) {
  auto link = links_->connect(sender.number);
  if (link) sender.link = std::move(*link);
  if (link && site_.loop.watch(sender.link.fd(), sender, true)) return;
  sender.link.close();
  site_.counters.failures.add();
  site_.loop.run_after(kRetryAfter, [this, &sender] { connect(sender); });
}

SenderPool::Sender& SenderPool::next_with_room() {
  for (std::size_t i = 0; i < sender_count(); ++i) {
    Sender& sender = *senders_[turn_];
    turn_ = (turn_ + 1) % sender_count();
    if (sender.has_room()) return sender;
  }
  HERALD_CHECK(false, "posted without room");
}

void SenderPool::compose_webpush(const Posting& posting, std::uint64_t sequence, std::string& out) {
  out.append("POST ").append(site_.run.apps.path(posting.app));
  out.append(" HTTP/1.1\r\nHost: ").append(authority_).append("\r\n");
  out += webpush_fields(site_.run.webpush->authorization(), posting.ttl_s, posting.priority, posting.id);
  append_number(out += "Content-Length: ", site_.plan().bytes);
  out += "\r\n\r\n";
  append_stamped(out, site_.plan().run, {sequence, posting.intended_ns, posting.app}, site_.plan().bytes);
}

void SenderPool::compose(const Posting& posting, std::uint64_t sequence, std::string& out) {
  if (site_.run.webpush != nullptr) return compose_webpush(posting, sequence, out);
  const bool plain = !registers_devices(site_.plan().scenario);
  body_.clear();
  if (!plain) body_ += R"({"messageType":"notification",)";
  if (!posting.id.empty()) body_.append(R"("id":")").append(posting.id).append("\",");
  if (posting.priority != 0) append_number(body_ += R"("priority":)", posting.priority), body_ += ",";
  if (posting.ttl_s != 0) append_number(body_ += R"("ttl":)", posting.ttl_s), body_ += ",";
  if (!plain) body_ += R"("message":")";
  append_stamped(body_, site_.plan().run, {sequence, posting.intended_ns, posting.app}, site_.plan().bytes);
  if (!plain) body_ += "\"}";

  out += "POST ";
  out += site_.plan().scenario == Scenario::kPost     ? std::string_view(site_.plan().path)
         : site_.plan().scenario == Scenario::kFanout ? std::string_view("/fanout")
                                                      : site_.run.apps.path(posting.app);
  out.append(" HTTP/1.1\r\nHost: ").append(authority_);
  out += "\r\nContent-Type: application/json\r\nContent-Length: ";
  append_number(out, body_.size());
  out.append("\r\n\r\n").append(body_);
}

std::uint64_t SenderPool::post(const Posting& posting) {
  // The server may take its time between our clock and its own: count the expiry from before it can know the message.
  const WallTime expires =
      posting.ttl_s == 0 ? WallTime{} : site_.run.clock.wall() + std::chrono::seconds(posting.ttl_s);
  const std::uint64_t sequence = site_.run.ledger.begin(site_.number, posting.app, expires);
  if (posting.replaces != 0) site_.run.ledger.replace(posting.replaces - 1, sequence);
  Sender& sender = next_with_room();
  const bool lasting = posting.id.empty() && posting.ttl_s == 0;
  // Web Push tells of receipts only if it is asked to keep them.
  sender.push({sequence, posting.intended_ns, lasting && site_.run.webpush == nullptr});
  compose(posting, sequence, sender.out);
  --free_;
  site_.counters.begun.add();
  return sequence;
}

void SenderPool::flush() {
  for (auto& sender : senders_) {
    if (sender->established && !sender->want_write && !sender->out.empty()) write(*sender);
  }
}

void SenderPool::on_ready(Sender& sender, bool readable, bool writable, bool hung_up) {
  if (!sender.established) {
    const LinkStatus status = sender.link.establish();
    if (status == LinkStatus::kWantRead || status == LinkStatus::kWantWrite) {
      return site_.loop.rewatch(sender.link.fd(), sender, status == LinkStatus::kWantWrite);
    }
    if (status != LinkStatus::kOk) return ended(sender);
    sender.established = true;
    sender.want_write = false;
    site_.loop.rewatch(sender.link.fd(), sender, false);
    return write(sender);
  }
  if (writable) write(sender);
  if (sender.link.open() && (readable || hung_up)) read(sender);
}

void SenderPool::write(Sender& sender) {
  std::size_t sent = 0;
  while (sent < sender.out.size()) {
    const LinkResult result = sender.link.write(std::string_view(sender.out).substr(sent));
    if (result.status != LinkStatus::kOk) break;  // a broken connection shows when it is read
    sent += result.bytes;
  }
  sender.out.erase(0, sent);
  if (sender.want_write == sender.out.empty()) {
    sender.want_write = !sender.want_write;
    site_.loop.rewatch(sender.link.fd(), sender, sender.want_write);
  }
}

void SenderPool::read(Sender& sender) {
  for (;;) {
    const auto buffer = site_.loop.read_buffer();
    const LinkResult got = sender.link.read(buffer);
    if (got.status == LinkStatus::kWantRead || got.status == LinkStatus::kWantWrite) return;
    if (got.status != LinkStatus::kOk) return ended(sender);
    std::string_view bytes = as_text(buffer.first(got.bytes));
    if (!sender.in.empty()) {
      sender.in += bytes;
      bytes = sender.in;
    }
    const bool goes_on = take_answers(sender, bytes);
    // `bytes` may point into `in`.
    if (sender.in.empty()) {
      sender.in = bytes;
    } else {
      sender.in.erase(0, sender.in.size() - bytes.size());
    }
    if (!goes_on) return ended(sender);
    if (!sender.link.secure()) return;
  }
}

bool SenderPool::take_answers(Sender& sender, std::string_view& bytes) {
  while (!bytes.empty()) {
    const HttpAnswer answer = read_http_answer(bytes, scratch_);
    if (answer.form == HttpAnswer::Form::kUnfinished) return true;
    if (answer.form == HttpAnswer::Form::kBroken || sender.count == 0) return false;
    bytes.remove_prefix(answer.bytes);
    if (answer.status / 100 == 1) continue;
    settle(sender, answer);
    if (answer.close) return false;
  }
  return true;
}

void SenderPool::settle(Sender& sender, const HttpAnswer& answer) {
  const auto entry = sender.pop();
  ++free_;
  const bool accepted = answer.status / 100 == 2;
  if (accepted && entry.sampled && !answer.location.empty()) sample(answer.location);
  if (accepted) {
    const std::int64_t now_ns = site_.run.clock.mono().ns;
    site_.recorder.record_accept(entry.intended_ns, now_ns);
    if (site_.plan().scenario == Scenario::kPost) site_.recorder.record(entry.intended_ns, now_ns);
  }
  settle(entry.sequence, accepted ? Outcome::kAccepted : Outcome::kRefused);
}

void SenderPool::settle(std::uint64_t sequence, Outcome outcome) {
  site_.run.ledger.settle(sequence, outcome);
  auto& counters = site_.counters;
  (outcome == Outcome::kAccepted  ? counters.accepted
   : outcome == Outcome::kRefused ? counters.refused
                                  : counters.unknown)
      .add();
  if (outcome != Outcome::kAccepted) counters.owed.take(site_.run.ledger.owed_by(sequence));
  if (on_settled_) on_settled_(sequence, outcome);
}

// Keeps each of all seen with the same probability.
void SenderPool::sample(std::string_view location) {
  ++sampled_of_;
  if (samples_.size() < kSamplesMost) {
    samples_.emplace_back(location);
  } else if (const auto place = site_.random() % sampled_of_; place < kSamplesMost) {
    samples_[place] = location;
  }
}

void SenderPool::ended(Sender& sender) {
  site_.loop.unwatch(sender.link.fd());
  sender.link.close();
  sender.established = false;
  sender.out.clear();
  sender.in.clear();
  while (sender.count > 0) {
    const auto entry = sender.pop();
    ++free_;
    settle(entry.sequence, Outcome::kUnknown);
  }
  site_.loop.run_after(kRetryAfter, [this, &sender] { connect(sender); });
}

}  // namespace herald::load
