#pragma once
// The application servers of one loop: keep-alive connections with pipelined POSTs. What is sent in a round of the loop
// goes out in one write per connection.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "load/http_response.h"
#include "load/site.h"

namespace herald::load {

// One notification to be posted.
struct Posting {
  std::uint32_t app = 0;
  std::int64_t intended_ns = 0;
  unsigned priority = 0;       // 0: not said
  std::uint64_t ttl_s = 0;     // 0: not said
  std::string_view id;         // the sender's; empty: none
  std::uint64_t replaces = 0;  // 1 + the sequence of the message with the same id; 0: none
};

class SenderPool {
 public:
  using OnSettled = std::function<void(std::uint64_t sequence, Outcome outcome)>;

  SenderPool(Site& site, std::size_t connections);
  ~SenderPool();
  SenderPool(const SenderPool&) = delete;
  SenderPool& operator=(const SenderPool&) = delete;

  // Connects every sender to `target`. To be called once, before post(). kInvalid: the CA file can't be read.
  [[nodiscard]] Status open(const Target& target);
  // True if every connection stands.
  [[nodiscard]] bool established() const;
  // Told of each settled POST; may post.
  void on_settled(OnSettled then) { on_settled_ = std::move(then); }
  // True if one more POST can be under way.
  [[nodiscard]] bool has_room() const { return free_ > 0; }
  // Begins a message; answers its sequence. There must be room.
  std::uint64_t post(const Posting& posting);
  // Writes what was posted since.
  void flush();
  [[nodiscard]] std::size_t under_way() const { return sender_count() * depth() - free_; }

  // Receipts of some accepted messages (paths), spread over the run.
  [[nodiscard]] const std::vector<std::string>& samples() const { return samples_; }

 private:
  struct Sender;

  [[nodiscard]] std::size_t sender_count() const { return senders_.size(); }
  [[nodiscard]] std::size_t depth() const { return site_.plan().pipeline; }
  Sender& next_with_room();
  void compose(const Posting& posting, std::uint64_t sequence, std::string& out);
  void compose_webpush(const Posting& posting, std::uint64_t sequence, std::string& out);
  void connect(Sender& sender);
  void on_ready(Sender& sender, bool readable, bool writable, bool hung_up);
  void write(Sender& sender);
  void read(Sender& sender);
  bool take_answers(Sender& sender, std::string_view& bytes);
  void settle(Sender& sender, const HttpAnswer& answer);
  void settle(std::uint64_t sequence, Outcome outcome);
  void sample(std::string_view location);
  void ended(Sender& sender);

  Site& site_;
  std::unique_ptr<LinkMaker> links_;  // null before open()
  std::string authority_;             // for Host
  std::vector<std::unique_ptr<Sender>> senders_;
  std::size_t turn_ = 0;
  std::size_t free_ = 0;
  std::string body_;
  std::string scratch_;
  std::uint64_t sampled_of_ = 0;
  std::vector<std::string> samples_;
  OnSettled on_settled_;
};

}  // namespace herald::load
